//! Connecting to a router: [`Client::connect`] and what can be set for it.

mod address;
#[cfg(feature = "long-polling")]
mod long_poll;
mod open;
mod progress;
mod settings;
#[cfg(feature = "tls")]
mod tls;

pub use self::progress::ConnectProgress;
#[cfg(feature = "tls")]
pub use self::tls::ClientTls;

use super::auth::Login;
use super::error::{ClientError, ConnectStep};
use super::handle::{Client, Held};
use super::join::{JoinSettings, Unheld, join_session};
use super::reconnect::{Link, Reconnect, StandingParts, first_session, keep};
use crate::rt::{BoxFuture, Runtime};
use address::RouterAddress;
use http::{HeaderName, HeaderValue};
use open::{Connector, Ready};
use progress::ProgressHook;
use serverwamp_proto::auth::Secret;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::websocket::Subprotocol;
use settings::ConnectSettings;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

impl Client {
    /// Connects to a router; await it for the [`Client`], after [`realm`](ClientBuilder::realm) has said where to.
    ///
    /// | address | what is spoken |
    /// |---|---|
    /// | `ws://HOST:PORT/PATH`, `wss://..` | WebSocket, with TLS |
    /// | `rs://HOST:PORT`, `rss://..` | RawSocket, with TLS; `tcp://` is `rs://` |
    /// | `http://HOST:PORT/PATH`, `https://..` | HTTP long-polling, with TLS (feature `long-polling`) |
    /// | `unix:///PATH` | RawSocket over a Unix socket |
    /// | `ws+unix:///PATH:/TARGET` | WebSocket over a Unix socket |
    ///
    /// ```no_run
    /// # #[cfg(feature = "tokio")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use serverwamp::client::Client;
    ///
    /// let client = Client::connect("ws://localhost:8080/ws").realm("realm1").await?;
    /// let sum: i64 = client.call("math.add", (2, 3)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            address: address.into(),
            realm: None,
            runtime: None,
            login: Box::new(|| Box::pin(async { Ok(Login::anonymous()) })),
            settings: ConnectSettings::default(),
            invalid: None,
            welcome_timeout: Duration::from_secs(10),
            reconnect: None,
        }
    }
}

/// Gives credentials for a connection.
type LoginSource = Box<dyn Fn() -> BoxFuture<'static, Result<Login, String>> + Send + Sync>;

/// A client that is about to connect; made by [`Client::connect`].
#[must_use = "nobody connects until this is awaited"]
pub struct ClientBuilder {
    address: String,
    realm: Option<String>,
    runtime: Option<Arc<dyn Runtime>>,
    login: LoginSource,
    settings: ConnectSettings,
    /// The first setting that cannot be used; it is reported when the builder is awaited.
    invalid: Option<String>,
    welcome_timeout: Duration,
    reconnect: Option<Reconnect>,
}

impl ClientBuilder {
    /// Joins this realm.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Authenticates with this login.
    pub fn login(self, credentials: Login) -> Self {
        self.login_from(move || {
            let credentials = credentials.clone();
            async move { Ok::<_, std::convert::Infallible>(credentials) }
        })
    }

    /// Asks for a login before each connection: for tokens that expire, or to ask a person.
    ///
    /// ```no_run
    /// # use serverwamp::client::{Client, Login};
    /// # async fn fresh_token() -> std::io::Result<String> { Ok(String::new()) }
    /// let client = Client::connect("wss://example.com/ws").realm("realm1").login_from(|| async {
    ///     Ok::<_, std::io::Error>(Login::new("joe").ticket(fresh_token().await?))
    /// });
    /// ```
    pub fn login_from<F, E>(mut self, source: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Login, E>> + Send + 'static,
        E: fmt::Display,
    {
        self.login = Box::new(move || {
            let credentials = source();
            Box::pin(async { credentials.await.map_err(|error| error.to_string()) })
        });
        self
    }

    /// Authenticates by ticket; short for [`login`](Self::login).
    pub fn ticket(self, authid: impl Into<String>, ticket: impl Into<Secret>) -> Self {
        self.login(Login::new(authid).ticket(ticket))
    }

    /// Authenticates by WAMP-CRA, with this secret or password; short for [`login`](Self::login).
    pub fn cra(self, authid: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.login(Login::new(authid).cra(secret))
    }

    /// Authenticates by WAMP-SCRAM with this password; short for [`login`](Self::login).
    #[cfg(feature = "scram")]
    pub fn scram(self, authid: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.login(Login::new(authid).scram(password))
    }

    /// Speaks this serializer. By default the router chooses among MessagePack, CBOR and JSON, in this order of preference.
    pub fn serializer(self, serializer: Serializer) -> Self {
        self.subprotocols([Subprotocol::new(serializer)])
    }

    /// Offers these subprotocols, the preferred one first: serializers, and whether several messages go into one WebSocket message
    /// ([`Subprotocol::batched`]). RawSocket knows no batches, and asks for one serializer after the other.
    pub fn subprotocols(mut self, subprotocols: impl IntoIterator<Item = Subprotocol>) -> Self {
        self.settings.subprotocols = subprotocols.into_iter().collect();
        if self.settings.subprotocols.is_empty() {
            self.complain("no subprotocol is offered: name at least one".to_owned());
        }
        self
    }

    /// Offers to compress messages of 1 KiB and more (permessage-deflate). Off by default, as in the server: it pays only where
    /// bandwidth is dearer than processors.
    pub fn compress(mut self) -> Self {
        self.settings.deflate = true;
        self
    }

    /// Sends a header with the request that opens a WebSocket, or with all requests of long-polling, such as `Cookie` or
    /// `Authorization`. RawSocket has none.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        let made_here = ["host", "upgrade", "connection", "content-length", "transfer-encoding"];
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), _)
                if made_here.contains(&name.as_str()) || name.as_str().starts_with("sec-websocket-") =>
            {
                self.complain(format!("the header {name} is written by the client itself"));
            }
            (Ok(name), Ok(mut value)) => {
                // It may be a secret, which `Debug` of the builder must not print.
                value.set_sensitive(true);
                self.settings.headers.push((name, value));
            }
            (Err(_), _) => self.complain(format!("{name:?} is no name of a header")),
            // The value may be a secret.
            (_, Err(_)) => {
                self.complain(format!("the value of the header {name} has characters that HTTP forbids"))
            }
        }
        self
    }

    /// Sends this `Origin`, as web pages do. None by default: routers take a client without one for a program.
    pub fn origin(self, origin: impl AsRef<str>) -> Self {
        self.header("origin", origin)
    }

    /// Sets the authorities that TLS trusts, and a certificate for the client itself. By default the authorities of the system, and none.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: ClientTls) -> Self {
        self.settings.tls = Some(tls);
        self
    }

    /// Runs on this runtime. By default on tokio, if the feature `tokio` is on.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Arc::new(runtime));
        self
    }

    /// The longest message that is received, in bytes. Default 16 MiB, as much as RawSocket can carry.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.settings.max_message = bytes;
        self
    }

    /// The time of each step before HELLO (the credentials, the connection, TLS, the handshake), and then the time up to WELCOME.
    /// Default 10 seconds each, as servers give their clients to authenticate.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        if timeout.is_zero() {
            self.complain("the timeout is 0, in which nobody connects".to_owned());
        }
        self.settings.step_timeout = timeout;
        self.welcome_timeout = timeout;
        self
    }

    /// Pings the router when it has been silent for so long; one that stays silent for 10 seconds more is given up. Default 20 seconds
    /// over WebSocket: a router that is gone without a word is noticed within half a minute. Over RawSocket never, because
    /// there are routers that close the connection when they are pinged (Crossbar.io); there the operating system asks (TCP keepalive),
    /// which notices a machine that is gone in the same time, and a program that stands still not at all. `Duration::MAX` is never.
    pub fn ping_every(mut self, silence: Duration) -> Self {
        if silence.is_zero() {
            self.complain("the router would be pinged without end: `.ping_every(..)` is 0".to_owned());
        }
        self.settings.ping_interval = Some(silence);
        self
    }

    /// Tells of each step on the way to a session, at every attempt: for programs that show it to a person.
    ///
    /// ```no_run
    /// # use serverwamp::client::Client;
    /// let client = Client::connect("wss://example.com/ws").realm("realm1").on_progress(|step| println!("{step:?}"));
    /// ```
    pub fn on_progress(mut self, hook: impl Fn(ConnectProgress) + Send + Sync + 'static) -> Self {
        self.settings.progress = Some(ProgressHook::new(hook));
        self
    }

    /// Reconnects when the session has ended, and makes its registrations and subscriptions again. Without this, the client ends with
    /// its session.
    ///
    /// ```no_run
    /// # #[cfg(feature = "tokio")]
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use serverwamp::client::{Client, Reconnect};
    ///
    /// let client = Client::connect("ws://localhost:8080/ws").realm("realm1").reconnect(Reconnect::new()).await?;
    /// let mut states = client.states();
    /// while let Some(state) = states.next().await {
    ///     println!("{state}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Registrations are made first and then subscriptions, in the order in which they were made; one that the router refuses then
    /// ends ([`Registration::ended`](crate::Registration::ended), [`Subscriber::ended`](crate::Subscriber::ended)), and the others go
    /// on. A procedure that somebody else has is tried again for a minute: the router may not have noticed yet that the session
    /// before is over. Requests that were out when the session ended fail, and [`WampError::unanswered`](crate::WampError::unanswered) says whether they may have been carried out; those that are made
    /// meanwhile wait, or fail, as [`Reconnect`] says.
    ///
    /// The serializer is that of the first session.
    pub fn reconnect(mut self, reconnect: Reconnect) -> Self {
        if let Err(why) = reconnect.check() {
            self.complain(why);
        }
        self.reconnect = Some(reconnect);
        self
    }

    fn complain(&mut self, why: String) {
        self.invalid.get_or_insert(why);
    }

    async fn connect(self) -> Result<Client, ClientError> {
        let (mut plan, reconnect) = self.plan()?;
        let Some(reconnect) = reconnect else {
            let session = plan.session(None).await?.keep();
            return Ok(Client::new(Held::new(session, None)));
        };
        let standing: Arc<StandingParts> = Arc::default();
        let session = first_session(&plan, &reconnect, &standing).await?.keep();
        // What waits for another session is encoded already.
        plan.settings.subprotocols.retain(|offered| offered.serializer == session.serializer);
        let link = Link::new(Arc::clone(&session), standing, reconnect);
        let client = Client::new(Held::new(session, Some(Arc::clone(&link))));
        let runtime = Arc::clone(&plan.runtime);
        runtime.spawn(Box::pin(keep(link, plan)));
        Ok(client)
    }

    /// Checks all settings.
    fn plan(self) -> Result<(ConnectPlan, Option<Reconnect>), ClientError> {
        if let Some(why) = self.invalid {
            return Err(ClientError::Settings(why));
        }
        let Some(realm) = self.realm else {
            return Err(ClientError::Settings("it names no realm: add `.realm(\"realm1\")`".to_owned()));
        };
        let address = RouterAddress::parse(&self.address)?;
        self.settings.check(&address).map_err(ClientError::Settings)?;
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => usual_runtime()?,
        };
        runtime.available().map_err(ClientError::Runtime)?;
        let Self { login, settings, welcome_timeout, reconnect, .. } = self;
        Ok((ConnectPlan { address, realm, runtime, login, settings, welcome_timeout }, reconnect))
    }
}

/// Everything that makes a session.
pub(super) struct ConnectPlan {
    address: RouterAddress,
    realm: String,
    pub(super) runtime: Arc<dyn Runtime>,
    login: LoginSource,
    settings: ConnectSettings,
    /// The time from HELLO to WELCOME.
    pub(super) welcome_timeout: Duration,
}

impl ConnectPlan {
    /// Makes a session.
    pub(super) async fn session(&self, standing: Option<Arc<StandingParts>>) -> Result<Unheld, ClientError> {
        let Self { address, settings, runtime, .. } = self;
        let connector = Connector { address, settings, runtime };
        let asking = async {
            let given = (self.login)().await;
            given.map_err(|why| ClientError::Login { address: address.to_string(), why })
        };
        let credentials = connector.within(ConnectStep::Login, asking).await?;
        credentials.check(address.secure).map_err(ClientError::Settings)?;
        settings.tell(ConnectProgress::Credentials);
        let Ready { opened, serializer } = connector.open().await?;
        let mut how = JoinSettings::new(self.realm.clone());
        how.serializer = serializer;
        how.login = credentials;
        how.hash_apart = true;
        how.timeout = self.welcome_timeout;
        join_session(opened, how, Arc::clone(runtime), standing).await
    }
}

#[cfg(feature = "tokio")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature there is none")]
fn usual_runtime() -> Result<Arc<dyn Runtime>, ClientError> {
    Ok(Arc::new(crate::rt::Tokio))
}

#[cfg(not(feature = "tokio"))]
fn usual_runtime() -> Result<Arc<dyn Runtime>, ClientError> {
    Err(ClientError::Settings(
        "no runtime is chosen: add `.runtime(..)`, or enable the feature `tokio`".to_owned(),
    ))
}

impl IntoFuture for ClientBuilder {
    type Output = Result<Client, ClientError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connect())
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("realm", &self.realm)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
