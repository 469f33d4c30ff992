//! Peers in this process: for tests, and for programs that carry their own router.
//!
//! [`Application::connect`] opens a connection that sends and receives whole messages, under the same rules, limits and
//! deadlines as any other. [`pipe`] is the byte stream below it, for tests of whatever speaks WebSocket or RawSocket.
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

mod pipe;

pub use self::pipe::{Pipe, pipe};

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::rt::Write as _;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::rawsocket::frame;
use serverwamp_proto::rawsocket::{Decoder, Event, Hello, Kind, MaxLength};

use crate::Application;
use crate::rawsocket::{self, Origin};
use crate::transport::{Input, TransportKind};

/// Bytes that wait between a peer in memory and its connection, in each direction; what is beyond waits in the
/// connection's own queue, where it is limited.
const CAPACITY: usize = 64 * 1024;

/// A peer of an application in the same process; see [`Application::connect`]. Dropping it is losing the transport.
#[derive(Debug)]
pub struct MemoryPeer {
    pipe: Pipe,
    longest: usize,
    input: Input,
    decoder: Decoder,
    /// Frames, of which the first `sent` bytes are sent.
    output: Vec<u8>,
    sent: usize,
}

/// Why a message could not be sent or received.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The application has ended the connection, or its runtime has stopped.
    #[error("the connection is over")]
    Closed,
    /// The message cannot be sent: it is empty, or longer than the connection takes.
    #[error("a message has 1 to {longest} bytes")]
    Length {
        /// The longest message the connection takes.
        longest: usize,
    },
}

impl Application {
    /// Opens a connection in memory, on which `serializer` is spoken. See [`memory`](crate::memory).
    pub fn connect(&self, serializer: Serializer) -> MemoryPeer {
        let (client, server) = pipe(CAPACITY);
        let hello = Hello { takes: MaxLength::LONGEST, serializer };
        let app = self.clone();
        let permit = app.inner().admissions.own();
        self.inner().runtime.spawn(Box::pin(async move {
            rawsocket::serve(&app, server, hello, TransportKind::Memory, Origin::default()).await;
            drop(permit);
        }));
        MemoryPeer {
            pipe: client,
            longest: self.inner().rawsocket.takes().bytes(),
            input: Input::new(),
            decoder: Decoder::new(MaxLength::LONGEST.bytes(), false),
            output: Vec::new(),
            sent: 0,
        }
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
        let message = message.as_ref();
        if message.is_empty() || message.len() > self.longest {
            return Err(MemoryError::Length { longest: self.longest });
        }
        frame::push(Kind::Message, message, &mut self.output);
        poll_fn(|cx| self.poll_send(cx)).await
    }

    /// The next message, as the serializer wrote it. Loses nothing when it is dropped before it completes.
    ///
    /// # Errors
    /// When the connection is over.
    pub async fn receive(&mut self) -> Result<Bytes, MemoryError> {
        poll_fn(|cx| {
            // What is left of a message may be what the answer waits for. That it cannot be sent is seen by reading.
            let _unsent = self.poll_send(cx);
            loop {
                match self.decoder.decode(&mut self.input.received) {
                    Ok(Some(Event::Message(message))) => return Poll::Ready(Ok(message)),
                    Ok(Some(Event::Ping(payload))) => {
                        frame::push(Kind::Pong, &payload, &mut self.output);
                        let _unsent = self.poll_send(cx);
                    }
                    Ok(Some(Event::Pong(_))) => {}
                    Ok(None) => match ready!(self.input.poll_read(cx, &mut self.pipe)) {
                        Ok(read) if read > 0 => {}
                        Ok(_) | Err(_) => return Poll::Ready(Err(MemoryError::Closed)),
                    },
                    Err(_) => return Poll::Ready(Err(MemoryError::Closed)),
                }
            }
        })
        .await
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), MemoryError>> {
        while let Some(rest) = self.output.get(self.sent..)
            && !rest.is_empty()
        {
            match ready!(Pin::new(&mut self.pipe).poll_write(cx, rest)) {
                Ok(written) => self.sent += written,
                Err(_) => return Poll::Ready(Err(MemoryError::Closed)),
            }
        }
        self.output.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}
