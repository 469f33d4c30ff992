//! One accepted connection, until it is known what it speaks.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use serverwamp_proto::rawsocket::MAGIC;
use tower_service::Service as _;

use super::Options;
use super::timer::HttpTimer;
use crate::Application;
use crate::rawsocket::{self, Origin};
use crate::service::{PeerAddress, WebSocketService};
use crate::transport::TransportKind;
use crate::transport::io::{Prefixed, read_exact};

/// Serves a connection in a task of its own.
pub(super) fn spawn<IO>(app: &Application, options: &Arc<Options>, io: IO, address: Option<SocketAddr>)
where
    IO: Read + Write + Unpin + Send + 'static,
{
    let (app, options) = (app.clone(), Arc::clone(options));
    let runtime = Arc::clone(&app.inner().runtime);
    let origin = Origin { address, ..Origin::default() };
    runtime.spawn(Box::pin(async move {
        if let Err(error) = serve(app, options, io, origin).await {
            tracing::debug!(?address, %error, "a connection ended before it was a session's");
        }
    }));
}

async fn serve<IO>(app: Application, options: Arc<Options>, mut io: IO, origin: Origin) -> io::Result<()>
where
    IO: Read + Write + Unpin + Send + 'static,
{
    let mut first = [0];
    within(&app, &options, read_exact(&mut io, &mut first)).await?;
    match first {
        [MAGIC] if options.rawsocket => {
            let shake_hands = rawsocket::shake_hands(&mut io, &app.inner().rawsocket);
            if let Some(hello) = within(&app, &options, shake_hands).await? {
                rawsocket::serve(&app, io, hello, TransportKind::RawSocket, origin).await;
            }
            Ok(())
        }
        [first] if options.http => {
            serve_http(&app, &options, Prefixed::new(first, io), origin).await.map_err(io::Error::other)
        }
        [first] => {
            let text = format!("what begins with the octet {first:#04x} is not spoken here");
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
    }
}

/// Cuts a handshake off that takes too long.
async fn within<T>(
    app: &Application,
    options: &Options,
    handshake: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let runtime = &app.inner().runtime;
    let time_up = runtime.sleep_until(runtime.now() + options.handshake);
    match select(pin!(handshake), time_up).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

async fn serve_http<IO>(
    app: &Application,
    options: &Arc<Options>,
    io: IO,
    origin: Origin,
) -> Result<(), hyper::Error>
where
    IO: Read + Write + Unpin + Send + 'static,
{
    let websocket = app.websocket();
    let paths = Arc::clone(options);
    let service = service_fn(move |mut request: Request<Incoming>| {
        if let Some(address) = origin.address {
            request.extensions_mut().insert(PeerAddress(address));
        }
        let response = respond(&mut websocket.clone(), &paths.path, request);
        async move { Ok::<_, Infallible>(response.await) }
    });
    http1::Builder::new()
        .timer(HttpTimer(Arc::clone(&app.inner().runtime)))
        .header_read_timeout(options.handshake)
        .max_headers(64)
        .max_buf_size(16 * 1024)
        .serve_connection(io, service)
        .with_upgrades()
        .await
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
