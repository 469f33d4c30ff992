//! The client's half of HTTP long-polling: a transport is opened with one request, and its messages travel in the bodies of others.
//!
//! The session's connection runs over a pipe in memory, as RawSocket. At the other end of the pipe a task posts what the connection
//! writes (`send`), one request after the other, and asks for what the router has to say (`receive`) all the time.
//!
//! Invariant: messages go out and come in once and in order. A request that may have reached the router is not repeated: the transport
//! ends with it. Of the router's answers no more is kept than the longest message, or a batch beside one.
//! Spec: advanced, "HTTP Longpoll Transport".

mod post;
mod pump;

use super::address::RouterAddress;
use super::open::{Connector, Ready};
use super::settings::ConnectSettings;
use crate::client::error::{ClientError, ConnectStep};
use crate::client::join::{OpenedTransport, TransportFault};
use crate::rt::{AnyIo, Runtime};
use crate::transport::Framing;
use crate::transport::memory::{CAPACITY, pipe};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use post::{Poster, read_body};
use pump::Pump;
use serde::Deserialize;
use serverwamp_proto::codec::{Serializer, from_slice};
use serverwamp_proto::rawsocket::MaxLength;
use serverwamp_proto::websocket::Subprotocol;
use std::sync::Arc;

/// The longest answer to `open`: two short names. Of refusals as much is shown.
const LONGEST_OPEN: usize = 4096;

/// All that further connections to the router need.
pub(super) struct Dialer {
    pub(super) address: RouterAddress,
    pub(super) settings: ConnectSettings,
    pub(super) runtime: Arc<dyn Runtime>,
}

impl Dialer {
    pub(super) fn connector(&self) -> Connector<'_> {
        Connector { address: &self.address, settings: &self.settings, runtime: &self.runtime }
    }
}

/// The answer to `open`.
#[derive(Deserialize)]
struct OpenAnswer {
    protocol: String,
    transport: String,
}

impl Connector<'_> {
    /// Opens a transport by a request, and leaves its messages to a task.
    pub(super) async fn open_long_poll(&self, host: &str, target: &str) -> Result<Ready, ClientError> {
        let dialer = Arc::new(Dialer {
            address: self.address.clone(),
            settings: self.settings.clone(),
            runtime: Arc::clone(self.runtime),
        });
        let (io, _) = self.connect().await?;
        let opening = async {
            let mut poster =
                Poster::over(io, dialer, host, target).await.map_err(|why| self.unpolled(why))?;
            let opened = open(&mut poster, &self.settings.subprotocols).await;
            let (subprotocol, transport) = opened.map_err(|why| self.unpolled(why))?;
            Ok((poster, subprotocol, transport))
        };
        let (poster, subprotocol, transport) = self.within(ConnectStep::Upgrade, opening).await?;
        let serializer = subprotocol.serializer;
        let (near, far) = pipe(CAPACITY);
        let (longest, fault) = (self.settings.max_message, TransportFault::default());
        let pump = Pump { poster, transport, subprotocol, longest, fault: fault.clone() };
        self.runtime.spawn(Box::pin(pump.run(far)));
        let opened = OpenedTransport {
            io: AnyIo::new(near),
            framing: Framing::RawSocket { serializer, takes: MaxLength::LONGEST.bytes() },
            settings: self.settings.transport(false),
            received: BytesMut::new(),
            // Requests go over several connections, so no proof can be bound to one.
            channel: None,
            fault,
        };
        Ok(Ready { opened, serializer })
    }

    fn unpolled(&self, why: String) -> ClientError {
        ClientError::LongPoll { address: self.address.to_string(), why }
    }
}

/// Asks for a transport; what is spoken on it, and its id.
async fn open(poster: &mut Poster, subprotocols: &[Subprotocol]) -> Result<(Subprotocol, String), String> {
    let protocols: Vec<&str> = subprotocols.iter().map(|subprotocol| subprotocol.name()).collect();
    // Names of letters, digits and dots need no escapes in JSON.
    let body = format!(r#"{{"protocols":{protocols:?}}}"#);
    let answer = poster.post("open", Some("application/json"), body.into()).await;
    let answer =
        answer.map_err(|error| format!("{error}: check the port, and whether HTTP is spoken there"))?;
    let status = answer.status();
    poster.keep_cookies(answer.headers());
    let body = read_body(answer.into_body(), LONGEST_OPEN).await.map_err(|error| error.to_string())?;
    if !status.is_success() {
        return Err(refused(status, &body));
    }
    let OpenAnswer { protocol, transport } = from_slice(Serializer::Json, &body).map_err(|_| {
        "the answer has no protocol and no transport in it: something else than long-polling answers, check the path".to_owned()
    })?;
    let chosen = Subprotocol::parse(&protocol).filter(|chosen| subprotocols.contains(chosen));
    let chosen = chosen.ok_or_else(|| format!("the router chose {protocol:?}, which was not offered"))?;
    // It becomes a part of paths.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    if transport.is_empty() || transport.len() > 256 || !transport.bytes().all(plain) {
        return Err("the router's name of the transport cannot be a part of a path".to_owned());
    }
    Ok((chosen, transport))
}

/// Why `open` was refused, and what to do.
fn refused(status: StatusCode, body: &Bytes) -> String {
    if status.is_redirection() {
        return format!(
            "the answer is {status}, and redirects are not followed: connect to the address it names"
        );
    }
    let text = String::from_utf8_lossy(body);
    let text = text.lines().next().unwrap_or_default().trim();
    let advice = match status {
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            ": check the path, as in http://HOST:PORT/lp"
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            ": add `.origin(..)`, or the header it wants with `.header(..)`"
        }
        _ => "",
    };
    match text.is_empty() || text.starts_with('<') {
        true => format!("the answer is {status}{advice}"),
        false => format!("the answer is {status}{advice} ({text:.200})"),
    }
}
