//! Clients of an application in the same process.

use crate::Application;
use crate::auth::{Principal, Secret};
use crate::client::{self, Client, ClientError, JoinSettings, Login, OpenedTransport, TransportFault};
use crate::peer::Peer;
use crate::rt::BoxFuture;
use crate::server::rawsocket::Origin;
use crate::transport::rawsocket::RawSocketConfig;
use crate::transport::{Connection, Framing, OpeningRequest, Outbox, TransportInfo, TransportKind};
use bytes::BytesMut;
use http::request::Parts;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::rawsocket::MaxLength;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use super::{CAPACITY, Pipe, pipe};

impl Application {
    /// Joins a realm as a client in this process; await it for the [`Client`].
    ///
    /// Everything is as for a client from outside: routes, permissions, limits, authentication. Only the bytes do not leave the
    /// process, so a test needs no port, and tokio's paused time works.
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use serverwamp::extract::Args;
    /// use serverwamp::{Application, Realm, RouteSet};
    ///
    /// async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
    ///     a + b
    /// }
    ///
    /// let routes = RouteSet::new().procedure("math.add", add);
    /// let app = Application::builder().realm(Realm::new("realm1").allow_anonymous("guest").routes(routes)).build()?;
    ///
    /// let client = app.join("realm1").await?;
    /// let sum: i64 = client.call("math.add", (2, 3)).await?;
    /// assert_eq!(sum, 5);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new()?.block_on(example())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn join(&self, realm: impl Into<String>) -> MemoryJoin {
        MemoryJoin {
            app: self.clone(),
            settings: JoinSettings::new(realm.into()),
            request: None,
            principal: None,
        }
    }
}

/// A client in this process that is about to join a realm; made by [`Application::join`].
#[must_use = "nobody joins until this is awaited"]
pub struct MemoryJoin {
    app: Application,
    settings: JoinSettings,
    request: Option<Parts>,
    principal: Option<Principal>,
}

impl MemoryJoin {
    /// Joins as if the transport had been opened by this HTTP request: with its path, its headers, its cookies.
    ///
    /// ```
    /// # async fn example(app: serverwamp::Application) -> Result<(), Box<dyn std::error::Error>> {
    /// let (request, ()) = http::Request::get("/ws").header("cookie", "session=abc").body(())?.into_parts();
    /// let client = app.join("realm1").with_request(request).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_request(mut self, request: Parts) -> Self {
        self.request = Some(request);
        self
    }

    /// Joins as this principal, whom nobody asks for a proof: the realm's authenticators are not run. `on_connect` and `on_join`
    /// handlers are.
    pub fn as_principal(mut self, principal: Principal) -> Self {
        self.principal = Some(principal);
        self
    }

    /// Authenticates by ticket.
    pub fn ticket(mut self, authid: impl Into<String>, ticket: impl Into<Secret>) -> Self {
        self.settings.login = Login::new(authid).ticket(ticket);
        self
    }

    /// Authenticates by WAMP-CRA, with this secret or password.
    ///
    /// Deriving the key from a password takes as long as the router's salting asks for, on the thread that polls the connection;
    /// more than ten million iterations are refused.
    pub fn cra(mut self, authid: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.settings.login = Login::new(authid).cra(secret);
        self
    }

    /// Authenticates by WAMP-SCRAM, with this password; the key is derived as for [`cra`](Self::cra).
    #[cfg(feature = "scram")]
    pub fn scram(mut self, authid: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.settings.login = Login::new(authid).scram(password);
        self
    }

    /// Authenticates by what these credentials offer, of which the realm's authenticators choose. Passwords are hashed on the thread
    /// that polls the connection, so that paused time stays paused.
    pub fn login(mut self, credentials: Login) -> Self {
        self.settings.login = credentials;
        self
    }

    /// Speaks this serializer. Default: MessagePack, which represents all values that serde has.
    pub fn serializer(mut self, serializer: Serializer) -> Self {
        self.settings.serializer = serializer;
        self
    }

    /// The time from the first octet to WELCOME. Default 10 seconds, as an application gives its peers to authenticate.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    async fn join(self) -> Result<Client, ClientError> {
        let inner = self.app.inner();
        inner.runtime.available().map_err(ClientError::Runtime)?;
        if inner.connections.stopping() {
            let text = "the application is shutting down, or has, and takes no more sessions: join before `shutdown`";
            return Err(ClientError::Lost(text.to_owned()));
        }
        let (near, far) = pipe(CAPACITY);
        let serializer = self.settings.serializer;
        let transport = TransportInfo {
            http: self.request.map(OpeningRequest::new),
            ..TransportInfo::plain(TransportKind::Memory, serializer, Origin::default())
        };
        inner.runtime.spawn(Box::pin(serve(self.app.clone(), far, transport, self.principal)));
        let framing =
            Framing::RawSocket { serializer, takes: inner.settings.now().carriers.rawsocket.takes().bytes() };
        // The application sends what its own limits allow.
        let settings =
            RawSocketConfig { max_message: MaxLength::LONGEST.bytes(), ..RawSocketConfig::default() };
        let settings = settings.settings();
        let opened = OpenedTransport {
            io: near,
            framing,
            settings,
            received: BytesMut::new(),
            channel: None,
            fault: TransportFault::default(),
        };
        client::join(opened, self.settings, inner.runtime.clone()).await
    }
}

async fn serve(app: Application, io: Pipe, transport: TransportInfo, principal: Option<Principal>) {
    let inner = app.inner();
    let permit = inner.admissions.own();
    let framing = Framing::RawSocket { serializer: transport.serializer, takes: MaxLength::LONGEST.bytes() };
    let settings = inner.settings.now().carriers.rawsocket.settings();
    let limits = inner.settings.limits();
    let outbox = Outbox::borrowing(framing, limits.bounds(), inner.run_queue.pool());
    let peer = Peer::new(inner, transport, outbox.clone(), limits, permit).known_as(principal);
    Connection::new(io, outbox, peer, settings, &inner.run_queue).await;
}

impl IntoFuture for MemoryJoin {
    type Output = Result<Client, ClientError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.join())
    }
}

impl fmt::Debug for MemoryJoin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryJoin").field("realm", &self.settings.realm).finish_non_exhaustive()
    }
}
