//! Peers in this process: for tests, and for programs that carry their own router.
//!
//! [`Application::join`] gives a [`Client`](crate::client::Client), which is how handlers are tested:
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use serverwamp::auth::Principal;
//! use serverwamp::{Application, Realm, RouteSet, Session, WampError};
//!
//! async fn whoami(session: Session) -> String {
//!     format!("{} ({})", session.authid(), session.authrole())
//! }
//!
//! let routes = RouteSet::new().procedure("app.whoami", whoami);
//! let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes);
//! let app = Application::builder().realm(realm).build()?;
//!
//! let joe = app.join("realm1").as_principal(Principal::new("joe").role("admin")).await?;
//! let answer: String = joe.call("app.whoami", ()).await?;
//! assert_eq!(answer, "joe (admin)");
//! let error = joe.call::<(), _>("app.nothing", ()).await.unwrap_err();
//! assert_eq!(error.uri(), "wamp.error.no_such_procedure");
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new()?.block_on(example())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Application::connect`] opens a connection that sends and receives whole messages, under the same rules, limits and
//! deadlines as any other: for tests of the messages themselves. [`pipe`] is the byte stream below it, for tests of whatever speaks WebSocket or RawSocket.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use serverwamp::extract::Args;
//! use serverwamp::{Application, Realm, RouteSet, Serializer};
//!
//! async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
//!     a + b
//! }
//!
//! let routes = RouteSet::new().procedure("com.example.add", add);
//! let app = Application::builder().realm(Realm::new("realm1").allow_anonymous("guest").routes(routes)).build()?;
//!
//! let mut peer = app.connect(Serializer::Json);
//! peer.send(r#"[1,"realm1",{"roles":{"caller":{}}}]"#).await?;
//! assert!(peer.receive().await?.starts_with(b"[2,"));
//! peer.send(r#"[48,1,{},"com.example.add",[2,3]]"#).await?;
//! assert_eq!(peer.receive().await?, "[50,1,{},[5]]");
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new()?.block_on(example())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "client")]
mod join;

#[cfg(feature = "client")]
pub use self::join::MemoryJoin;
pub use crate::transport::memory::{MemoryError, Pipe, pipe};

pub(crate) use crate::transport::memory::{CAPACITY, MessageReceiver, MessageSender, messages};

use std::future::poll_fn;

use bytes::Bytes;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::rawsocket::MaxLength;

use crate::Application;
use crate::base::log::line;
use crate::server::rawsocket::{self, Origin};
use crate::transport::{AllowedRealms, TransportInfo, TransportKind};

/// A peer of an application in the same process; see [`Application::connect`]. Dropping it is losing the transport.
#[derive(Debug)]
pub struct MemoryPeer {
    sender: MessageSender,
    receiver: MessageReceiver,
}

impl Application {
    /// Opens a connection in memory, on which `serializer` is spoken. See [`memory`](crate::memory).
    ///
    /// If the application's runtime cannot run, such as tokio outside of a tokio runtime, the connection is over at
    /// once, and the log says why.
    pub fn connect(&self, serializer: Serializer) -> MemoryPeer {
        let (client, server) = pipe(CAPACITY);
        let app = self.clone();
        let carriers = self.inner().settings.carriers();
        let (receiver, sender) = messages(client, carriers.rawsocket.takes().bytes());
        if let Err(unavailable) = self.inner().runtime.available() {
            line!(ERROR, "internal", "no connection in memory can be opened here", error = unavailable);
            // The other end is dropped, and the peer finds that the connection is over.
            return MemoryPeer { sender, receiver };
        }
        let permit = app.inner().admissions.own();
        self.inner().runtime.spawn(Box::pin(async move {
            let transport = TransportInfo::plain(TransportKind::Memory, serializer, Origin::default());
            let settings = (carriers.rawsocket.settings(), AllowedRealms::default());
            rawsocket::serve(&app, server, MaxLength::LONGEST, settings, transport, permit).await;
        }));
        MemoryPeer { sender, receiver }
    }
}

impl MemoryPeer {
    /// Sends one message, as the serializer writes it. Waits while the application does not read.
    ///
    /// Dropped before it completes, it goes on with the next call of [`send`](Self::send) or [`receive`](Self::receive).
    ///
    /// # Errors
    /// When the connection is over, and when the message is empty or too long.
    pub async fn send(&mut self, message: impl AsRef<[u8]>) -> Result<(), MemoryError> {
        self.sender.push(message.as_ref())?;
        poll_fn(|cx| self.sender.poll_flush(cx)).await
    }

    /// The next message, as the serializer wrote it. Loses nothing when it is dropped before it completes.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn receive(&mut self) -> Result<Bytes, MemoryError> {
        poll_fn(|cx| {
            // The answer may wait for the rest of a message. Reading shows if that cannot be sent.
            let _unsent = self.sender.poll_flush(cx);
            self.receiver.poll_next(cx, Some(&mut self.sender))
        })
        .await
    }
}
