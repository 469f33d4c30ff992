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
use serverwamp_proto::rawsocket::{MAGIC, Refusal};
use tower_service::Service as _;

use super::Options;
use super::timer::HttpTimer;
use crate::Application;
use crate::admission::{Permit, TooMany};
use crate::rawsocket::{self, Origin};
use crate::service::{PeerAddress, RETRY_AFTER, WebSocketService};
use crate::transport::TransportKind;
use crate::transport::io::{Prefixed, end_with, read_exact};

/// How many connections that are too many are told so at the same time; what is beyond is closed without a word.
const REFUSED_AT_ONCE: usize = 64;

/// Serves a connection in a task of its own.
pub(super) fn spawn<IO>(app: &Application, options: &Arc<Options>, io: IO, address: Option<SocketAddr>)
where
    IO: Read + Write + Unpin + Send + 'static,
{
    let (app, options) = (app.clone(), Arc::clone(options));
    let runtime = Arc::clone(&app.inner().runtime);
    let origin = Origin { address, ..Origin::default() };
    let permit = app.inner().admissions.admit(address.map(|address| address.ip()));
    if permit.is_err() && Arc::strong_count(&options.refusing) > REFUSED_AT_ONCE {
        return;
    }
    let refusing = permit.is_err().then(|| Arc::clone(&options.refusing));
    runtime.spawn(Box::pin(async move {
        let served = match permit {
            Ok(permit) => serve(app, options, io, origin, permit).await,
            Err(too_many) => {
                let refused = within(&app, &options, refuse(&options, io, too_many)).await;
                drop(refusing);
                refused
            }
        };
        if let Err(error) = served {
            tracing::debug!(?address, %error, "a connection ended before it was a session's");
        }
    }));
}

/// Tells a connection that is too many, in what it speaks.
async fn refuse<IO>(options: &Options, mut io: IO, too_many: TooMany) -> io::Result<()>
where
    IO: Read + Write + Unpin,
{
    let mut first = [0];
    read_exact(&mut io, &mut first).await?;
    match first {
        [MAGIC] if options.rawsocket => end_with(&mut io, &Refusal::TooManyConnections.octets()).await,
        [_] if options.http => {
            let text = format!("{too_many}\n");
            let answer = format!(
                "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
                 retry-after: {RETRY_AFTER}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{text}",
                text.len()
            );
            end_with(&mut io, answer.as_bytes()).await
        }
        [_] => Ok(()),
    }
}

async fn serve<IO>(
    app: Application,
    options: Arc<Options>,
    mut io: IO,
    origin: Origin,
    permit: Permit,
) -> io::Result<()>
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
                drop(permit);
            }
            Ok(())
        }
        [first] if options.http => serve_http(&app, &options, Prefixed::new(first, io), origin, permit)
            .await
            .map_err(io::Error::other),
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
    permit: Permit,
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
        // A WebSocket goes on when the HTTP connection that it came from is over.
        request.extensions_mut().insert(permit.clone());
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
