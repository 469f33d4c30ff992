//! A plain HTTP server on tokio that serves one application's WebSocket, for programs without a web framework.

use crate::Application;
use crate::service::{PeerAddress, WebSocketService};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service as _;

/// How long the accept loop rests when the process has no file descriptors left; it doubles up to a second.
const FIRST_REST: Duration = Duration::from_millis(10);

/// Serves an application's WebSocket over HTTP, until told to stop.
///
/// ```no_run
/// # async fn run(app: serverwamp::Application) -> std::io::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
/// let stop = async { tokio::signal::ctrl_c().await.expect("ctrl-c can be listened for") };
/// serverwamp::Server::new(app).path("/ws").serve(listener, stop).await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is served until `serve` is awaited"]
pub struct Server {
    app: Application,
    path: String,
    drain: Duration,
    handshake: Duration,
}

impl Server {
    /// Serves `app` at the path `/ws`.
    pub fn new(app: Application) -> Self {
        Self {
            app,
            path: "/ws".to_owned(),
            drain: Duration::from_secs(30),
            handshake: Duration::from_secs(5),
        }
    }

    /// Serves at another path.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// How long sessions may take to end when the server stops. Default 30 s.
    pub fn drain(mut self, deadline: Duration) -> Self {
        self.drain = deadline;
        self
    }

    /// How long a peer may take to send its HTTP request. Default 5 s: an unauthenticated connection costs little for
    /// little time.
    pub fn handshake_timeout(mut self, deadline: Duration) -> Self {
        self.handshake = deadline;
        self
    }

    /// Accepts connections until `stop` completes, then ends all sessions with GOODBYE and returns.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut rest = FIRST_REST;
        loop {
            let accepted = {
                let accept = pin!(listener.accept());
                match futures_util::future::select(accept, stop.as_mut()).await {
                    futures_util::future::Either::Left((accepted, _)) => accepted,
                    futures_util::future::Either::Right(_) => break,
                }
            };
            match accepted {
                Ok((stream, peer)) => {
                    rest = FIRST_REST;
                    self.accept(stream, PeerAddress(peer));
                }
                Err(error) if is_about_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, ?rest, "no connection can be accepted, trying again");
                    tokio::time::sleep(rest).await;
                    rest = (rest * 2).min(Duration::from_secs(1));
                }
            }
        }
        drop(listener);
        self.app.shutdown(self.drain).await;
    }

    fn accept(&self, stream: TcpStream, peer: PeerAddress) {
        // Frames are written whole, so waiting for more bytes would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(?peer, %error, "TCP_NODELAY cannot be set");
        }
        let websocket = self.app.websocket();
        let path = self.path.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let response = respond(&mut websocket.clone(), &path, request);
            async move { Ok::<_, Infallible>(response.await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.handshake)
            .max_headers(64)
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        drop(tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(?peer, %error, "HTTP connection ended");
            }
        }));
    }
}

fn respond(
    websocket: &mut WebSocketService,
    path: &str,
    request: Request<Incoming>,
) -> impl Future<Output = Response<Full<Bytes>>> + use<> {
    let answer = if request.uri().path() == path {
        Ok(websocket.call(request))
    } else {
        let mut response = Response::new(Full::from(format!("nothing here; the WebSocket is at {path}\n")));
        *response.status_mut() = StatusCode::NOT_FOUND;
        Err(response)
    };
    async move {
        match answer {
            Ok(answer) => answer.await.unwrap_or_else(|never| match never {}),
            Err(response) => response,
        }
    }
}

/// Did the one connection fail that was about to be accepted, and nothing else?
fn is_about_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
