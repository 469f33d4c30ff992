//! A WebSocket server whose answers a test writes down.
#![expect(clippy::result_large_err, reason = "the library asks for handshakes of this shape")]

use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use serverwamp_conformance::Subprotocol;
use tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tungstenite::{Message, WebSocket, accept_hdr};

/// One thing the server does after a message.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Sends a WAMP message.
    Say(Value),
    /// Sends a WebSocket message.
    Raw(Message),
    /// Closes with a Close frame of this code.
    Close(u16),
    /// Sends a Close frame and keeps the connection open.
    CloseAndStay,
    /// Closes the connection without a Close frame.
    Vanish,
}

type Answer = dyn Fn(Value) -> Vec<Reply> + Send + Sync;

/// A server on a port of its own, until the test ends.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
}

impl Server {
    /// Starts a server that answers every message with what `answer` says.
    pub(crate) fn start(answer: impl Fn(Value) -> Vec<Reply> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("ws://{}/ws", listener.local_addr().expect("it is bound"));
        let answer: Arc<Answer> = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self { url }
    }

    /// The address at which it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

fn serve(stream: TcpStream, answer: &Answer) {
    let mut chosen = None;
    let negotiate = |request: &Request, response: Response| negotiate(request, response, &mut chosen);
    // A handshake that fails is what some tests are about.
    let Ok(mut socket) = accept_hdr(stream, negotiate) else { return };
    let subprotocol = chosen.expect("chosen with the handshake");
    while let Ok(message) = socket.read() {
        if !message.is_text() && !message.is_binary() {
            continue;
        }
        for message in subprotocol.decode(&message).expect("the raw clients send what is right") {
            for reply in answer(message) {
                if !perform(reply, &mut socket, subprotocol) {
                    return;
                }
            }
        }
    }
}

/// Returns whether the connection goes on.
fn perform(reply: Reply, socket: &mut WebSocket<TcpStream>, subprotocol: Subprotocol) -> bool {
    let close = |code| CloseFrame { code: CloseCode::from(code), reason: "".into() };
    match reply {
        Reply::Say(message) => socket.send(subprotocol.encode(&[message])).is_ok(),
        Reply::Raw(message) => socket.send(message).is_ok(),
        Reply::Close(code) => {
            drop(socket.close(Some(close(code))));
            while socket.read().is_ok() {}
            false
        }
        Reply::CloseAndStay => {
            drop(socket.send(Message::Close(Some(close(1000)))));
            thread::sleep(Duration::from_secs(1));
            false
        }
        Reply::Vanish => false,
    }
}

fn negotiate(
    request: &Request,
    mut response: Response,
    chosen: &mut Option<Subprotocol>,
) -> Result<Response, ErrorResponse> {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    *chosen = header("sec-websocket-protocol").split(", ").find_map(Subprotocol::named);
    if request.uri().path() == "/refuse" {
        *chosen = None;
    }
    let Some(chosen) = chosen else {
        let mut refusal = ErrorResponse::new(Some("no common subprotocol".to_owned()));
        *refusal.status_mut() = tungstenite::http::StatusCode::BAD_REQUEST;
        refusal.headers_mut().insert("content-length", "21".parse().expect("a header"));
        return Err(refusal);
    };
    let seen = format!("{} {} {}", request.uri(), header("cookie"), header("origin"));
    let headers = response.headers_mut();
    headers.insert("sec-websocket-protocol", chosen.name().parse().expect("a header"));
    headers.insert("x-seen", seen.parse().expect("a header"));
    Ok(response)
}

/// Requires that this panics, and gives what the panic says.
#[track_caller]
pub(crate) fn fails<T: std::fmt::Debug>(act: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(value) => panic!("this should fail, and gave {value:?}"),
        Err(panic) => match panic.downcast::<String>() {
            Ok(said) => *said,
            Err(panic) => (*panic.downcast::<&str>().expect("a panic says something")).to_owned(),
        },
    }
}
