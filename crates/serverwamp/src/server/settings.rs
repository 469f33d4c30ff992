//! The settings of one server in place of those of its application, and their replacement while it serves.

use super::error::faults;
use super::{ServeError, Server, ServerOptions};
use crate::Application;
use crate::api::routes::RoutePattern;
use crate::base::limits::Limits;
use crate::base::proxies::TrustedProxies;
use crate::peering::Compiled;
use crate::transport::long_poll::LongPollConfig;
use crate::transport::rawsocket::RawSocketConfig;
use crate::transport::websocket::WebSocketConfig;
use crate::transport::{AllowedRealms, CarrierSettings, impossible};
use arc_swap::ArcSwapOption;
use serverwamp_proto::uri::UriRules;
use std::sync::Arc;

/// Options that were put in the place of those that a server began with. Its clones are the same place.
pub(super) type Replaced = Arc<ArcSwapOption<ServerOptions>>;

/// The default of [`Server::connections`].
const CONNECTIONS: usize = 256;

/// What a server has in place of the application's settings.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnCarriers {
    websocket: Option<WebSocketConfig>,
    rawsocket: Option<RawSocketConfig>,
    long_poll: Option<LongPollConfig>,
    proxies: Option<TrustedProxies>,
    realms: Option<Vec<RoutePattern>>,
}

/// Replaces the settings of a server that serves; made by [`Server::controlled`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServerControl {
    app: Application,
    replaced: Replaced,
}

impl Server {
    /// Changes how this server accepts WebSockets, beginning with the settings that the application has now. Whatever the application's
    /// become later, this server has its own.
    ///
    /// ```
    /// use serverwamp::websocket::Origins;
    /// # fn servers(app: serverwamp::Application) {
    /// let inside = serverwamp::Server::new(app.clone());
    /// let outside = serverwamp::Server::new(app)
    ///     .paths(["/ws", "/wamp"])
    ///     .websocket(|config| {
    ///         config.origins = Origins::listed(["https://app.example.com"]);
    ///         config.max_message = 64 * 1024;
    ///     })
    ///     .realms(["shop"]);
    /// # drop((inside, outside));
    /// # }
    /// ```
    pub fn websocket(mut self, change: impl FnOnce(&mut WebSocketConfig)) -> Self {
        let carriers = self.app.inner().settings.carriers();
        change(self.options.own.websocket.get_or_insert_with(|| carriers.websocket.clone()));
        self
    }

    /// Changes how this server accepts RawSocket connections, as [`websocket`](Self::websocket).
    pub fn rawsocket_config(mut self, change: impl FnOnce(&mut RawSocketConfig)) -> Self {
        let carriers = self.app.inner().settings.carriers();
        change(self.options.own.rawsocket.get_or_insert_with(|| carriers.rawsocket.clone()));
        self
    }

    /// Changes how this server serves clients that poll over HTTP, as [`websocket`](Self::websocket); [`long_poll`](Self::long_poll)
    /// says where.
    pub fn long_poll_config(mut self, change: impl FnOnce(&mut LongPollConfig)) -> Self {
        let carriers = self.app.inner().settings.carriers();
        change(self.options.own.long_poll.get_or_insert_with(|| carriers.long_poll.clone()));
        self
    }

    /// The reverse proxies in front of this server, in place of those of the application.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.options.own.proxies = Some(proxies);
        self
    }

    /// The realms that can be joined through this server: names, and patterns of names such as `prefix("tenant.")`. By default all.
    ///
    /// For any other one it is as if it did not exist: the default realm takes its sessions if that is among these, and otherwise HELLO is
    /// answered with `wamp.error.no_such_realm`. So an internal realm is not reachable from outside.
    pub fn realms<P: Into<RoutePattern>>(mut self, realms: impl IntoIterator<Item = P>) -> Self {
        self.options.own.realms = Some(realms.into_iter().map(Into::into).collect());
        self
    }

    /// Speaks no WAMP: all requests go to the [`fallback_service`](Self::fallback_service), except for that of [`health`](Self::health).
    /// For pages that are for operators, such as metrics, at an address of their own.
    ///
    /// Deadlines and bounds of HTTP are the same. Its connections are counted apart from those of the application, at most
    /// [`connections`](Self::connections): peers that take all places do not hide the metrics, and who reads them takes nobody's place. When it is told to stop, it
    /// ends its own connections and no sessions, and it goes on answering while the application shuts down.
    ///
    /// ```no_run
    /// use axum::{Router, routing::get};
    /// # #[cfg(feature = "tokio")]
    /// # async fn run(app: serverwamp::Application) -> std::io::Result<()> {
    /// let counted = app.clone();
    /// let pages = Router::new().route("/statistics", get(move || async move { counted.statistics().to_string() }));
    /// let operators = serverwamp::Server::new(app).without_wamp().fallback_service(pages);
    /// operators.bind("127.0.0.1:9000").await?.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn without_wamp(mut self) -> Self {
        self.options.wamp = false;
        self
    }

    /// The most connections of a server [without WAMP](Self::without_wamp); of others [`Limits::connections`] counts. Default 256: a few
    /// programs that read metrics, and people with browsers, and not so many that others lack files.
    pub fn connections(mut self, most: usize) -> Self {
        self.options.connections = Some(most);
        self
    }

    /// Has no page of its own for load balancers, in place of [`health`](Self::health): the [`fallback_service`](Self::fallback_service)
    /// answers that path as well.
    pub fn without_health(mut self) -> Self {
        self.options.health = None;
        self
    }

    /// This server, and the means to replace its settings while it serves. Clones that are made of it from now on have the same.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tokio")]
    /// # async fn run(app: serverwamp::Application) -> Result<(), Box<dyn std::error::Error>> {
    /// use serverwamp::Server;
    ///
    /// let (server, control) = Server::new(app.clone()).path("/ws").controlled();
    /// let serving = tokio::spawn(server.bind("127.0.0.1:8080").await?.run());
    /// // Later, such as when a file of settings was changed:
    /// control.replace(Server::new(app).paths(["/ws", "/wamp"]))?;
    /// serving.await??;
    /// # Ok(())
    /// # }
    /// ```
    pub fn controlled(mut self) -> (Self, ServerControl) {
        self.replaced = Replaced::default();
        let control = ServerControl { app: self.app.clone(), replaced: Arc::clone(&self.replaced) };
        (self, control)
    }

    /// Checks the settings without serving.
    ///
    /// # Errors
    /// Everything that can never work. Whether the application's runtime is there is found out by [`serve`](Self::serve).
    pub fn check(&self) -> Result<(), ServeError> {
        faults(&self.options)
    }
}

impl ServerControl {
    /// Puts all settings of another server of the same application in place of those of this one: paths, TLS, the fallback service, and
    /// whatever it has been given. Where it listens stays.
    ///
    /// They hold for connections that are accepted from now on. Sessions go on as they are. A connection that carries HTTP requests ends
    /// behind its next answer; what it opens until then, such as a WebSocket, has the former settings. Clients that poll keep their
    /// transports if the path of [`long_poll`](Server::long_poll) stays the same.
    ///
    /// # Errors
    /// Everything that can never work, or that the other server is not of the same application; then nothing has changed.
    pub fn replace(&self, server: Server) -> Result<(), ServeError> {
        if !Arc::ptr_eq(server.app.inner(), self.app.inner()) {
            let text =
                "the settings are those of a server of another application: give `Server::new` the same one";
            return Err(ServeError::of(vec![text.to_owned()]));
        }
        server.check()?;
        self.replaced.store(Some(Arc::new(server.options)));
        Ok(())
    }
}

impl ServerOptions {
    pub(super) fn speaks_rawsocket(&self) -> bool {
        self.wamp && self.rawsocket
    }

    /// The paths of the WebSocket.
    pub(super) fn websocket_paths(&self) -> Vec<String> {
        if !self.wamp {
            return Vec::new();
        }
        #[cfg_attr(not(feature = "console"), expect(unused_mut, reason = "a console has one more"))]
        let mut paths = self.paths.clone();
        #[cfg(feature = "console")]
        paths.extend(self.console.as_ref().map(serverwamp_console::Console::websocket_path));
        paths
    }

    /// The settings of the listener, where it has none of its own those of the application.
    pub(super) fn carriers(&self, application: &Arc<CarrierSettings>) -> Arc<CarrierSettings> {
        let OwnCarriers { websocket, rawsocket, long_poll, proxies, realms } = self.own.clone();
        let all = Arc::clone(application);
        Arc::new(CarrierSettings {
            websocket: websocket.unwrap_or_else(|| all.websocket.clone()),
            long_poll: long_poll.unwrap_or_else(|| all.long_poll.clone()),
            rawsocket: rawsocket.unwrap_or_else(|| all.rawsocket.clone()),
            proxies: proxies.unwrap_or_else(|| all.proxies.clone()),
            // What is wrong with them was told before.
            realms: realms.map_or_else(AllowedRealms::default, |realms| allowed(&realms).0),
        })
    }

    /// The limits of connections that are counted apart from those of the application.
    pub(super) fn limits_apart(&self) -> Limits {
        let connections = self.connections.unwrap_or(CONNECTIONS);
        let strangers = Some(connections);
        Limits {
            connections,
            unauthenticated: strangers,
            unauthenticated_per_address: strangers,
            ..Limits::default()
        }
    }

    /// What is wrong with the settings that are this server's own.
    pub(super) fn own_faults(&self) -> Vec<String> {
        let OwnCarriers { websocket, rawsocket, long_poll, proxies, realms } = &self.own;
        let mut found = Vec::new();
        found.extend(websocket.iter().flat_map(impossible::in_websocket));
        found.extend(rawsocket.iter().flat_map(impossible::in_rawsocket));
        found.extend(long_poll.iter().flat_map(impossible::in_long_poll));
        found.extend(proxies.iter().flat_map(|proxies| proxies.impossible().iter().cloned()));
        if let Some(realms) = realms {
            found.extend(allowed(realms).1);
            if realms.is_empty() {
                found.push(
                    "`realms` is empty, so nobody could join one: name some, or leave it out".to_owned(),
                );
            }
        }
        if !self.wamp && self.fallback.is_none() {
            let text = "`without_wamp` and no `fallback_service`: nothing would be answered, add a service";
            found.push(text.to_owned());
        }
        if !self.wamp && self.long_poll.is_some() {
            let text = "`long_poll` is WAMP, and the server is `without_wamp`: leave out one of the two";
            found.push(text.to_owned());
        }
        let pages = self.long_poll.is_some() || self.fallback.is_some();
        if self.wamp && self.http && self.websocket_paths().is_empty() && !pages {
            let text = "`paths` is empty, so no WebSocket could be opened, and HTTP has no other use here: name one, or switch `http` off";
            found.push(text.to_owned());
        }
        match self.connections {
            Some(0) => found.push("`connections` is 0, so every connection would be refused".to_owned()),
            Some(_) if self.wamp => {
                let text =
                    "`connections` is for a server `without_wamp`: write `Limits::connections` for this one";
                found.push(text.to_owned());
            }
            _ => {}
        }
        found.extend(self.rival_paths());
        found
    }

    /// Paths of which one would hide another one.
    fn rival_paths(&self) -> Option<String> {
        let mut taken: Vec<String> = self.health.iter().cloned().collect();
        let below = self.long_poll.as_ref().map(|path| format!("{}/", path.trim_end_matches('/')));
        for path in self.websocket_paths() {
            let hidden = below.as_ref().is_some_and(|below| path.starts_with(below));
            if taken.contains(&path) || hidden {
                return Some(format!("the path {path:?} has two uses: choose another one for one of them"));
            }
            taken.push(path);
        }
        None
    }
}

/// The realms that match, and what is wrong with these patterns.
fn allowed(realms: &[RoutePattern]) -> (AllowedRealms, Vec<String>) {
    let (mut patterns, mut faults) = (Vec::new(), Vec::new());
    for realm in realms {
        match realm.compile_any(&UriRules::loose()) {
            Ok(Compiled::Uri(pattern)) => patterns.push(pattern),
            Ok(Compiled::Regex(_)) => {
                faults.push(format!("`realms` has {realm:?}: write names, prefixes and wildcards"));
            }
            Err(error) => faults.push(format!("`realms`: {error}")),
        }
    }
    (AllowedRealms::only(patterns), faults)
}
