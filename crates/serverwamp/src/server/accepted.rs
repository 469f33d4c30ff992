//! One accepted connection, until it is known what it speaks.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use hyper::rt::{Read, Write};
use serverwamp_proto::rawsocket::MAGIC;

use super::http;
use super::proxy_protocol::{self, MalformedHeader, Told};
use super::serving::{OpenServer, ServerTerms};
use super::stream::{Lent, Returned};
use crate::Application;
use crate::base::admission::Permit;
use crate::base::log::{self, line};
use crate::base::statistics::Refusal;
use crate::base::unix_peer::UnixPeer;
use crate::rt::after;
use crate::rt::guard::guarded;
use crate::server::rawsocket::{self, Origin};
use crate::transport::io::{end_with, read_exact, say_last};
use crate::transport::{TransportInfo, TransportKind};

/// Serves a connection in a task of its own.
pub(super) fn spawn<IO>(
    serving: &Arc<OpenServer>,
    io: IO,
    address: Option<SocketAddr>,
    unix_peer: Option<UnixPeer>,
) where
    IO: Read + Write + Unpin + Send + 'static,
{
    let (serving, listening) = (Arc::clone(serving), serving.now());
    let app = &serving.app;
    let runtime = Arc::clone(&app.inner().runtime);
    let origin = Origin { address, connection_address: address, unix_peer, ..Origin::default() };
    let permit = listening.admissions.admit(address.map(|address| address.ip()), &listening.carriers.proxies);
    let admitted = permit.map_err(|too_many| (too_many, listening.options.refusals.begin()));
    let counters = Arc::clone(&app.inner().counters);
    let served = async move {
        let served = match admitted {
            Ok(permit) => {
                let counters = Arc::clone(&serving.app.inner().counters);
                let served = serve(serving, listening, io, origin, permit).await;
                served.inspect_err(|error| match error.kind() {
                    io::ErrorKind::TimedOut => {
                        let why = "the peer sent nothing in time, or a handshake took too long";
                        counters.refused(Refusal::HandshakeTimeout, address, why);
                    }
                    io::ErrorKind::InvalidData => counters.refused(Refusal::Handshake, address, error),
                    // The peer has left, and nobody has refused it anything.
                    _ => {}
                })
            }
            Err((too_many, telling)) => {
                let introduced = !has_to_introduce(&listening, &origin);
                telling.tell(&serving.app, &listening.options, io, introduced, too_many).await
            }
        };
        if let Err(error) = served {
            line!(DEBUG, "server", "a connection ended before a session began", error = error; peer = address);
        }
        log::flush();
    };
    runtime.spawn(Box::pin(guarded(served, counters, address)));
}

async fn serve<IO>(
    serving: Arc<OpenServer>,
    listening: Arc<ServerTerms>,
    mut io: IO,
    origin: Origin,
    permit: Permit,
) -> io::Result<()>
where
    IO: Read + Write + Unpin + Send + 'static,
{
    let (app, options) = (&serving.app, &listening.options);
    let Some(origin) = introduce(app, &listening, &mut io, origin).await? else { return Ok(()) };
    let permit = match permit.count_for(origin.address.map(|address| address.ip())) {
        Ok(permit) => permit,
        Err(too_many) => return options.refusals.begin().tell(app, options, io, true, too_many).await,
    };
    #[cfg(feature = "tls")]
    if let Some(tls) = &options.tls {
        let accept = tls.accept(io, app.inner().runtime.now());
        let (io, info, client_certificates) = within(app, options.tls_handshake, accept).await?;
        let origin = Origin { tls: Some(info), client_certificates, ..origin };
        return serve_bytes(serving, listening, io, origin, permit).await;
    }
    serve_bytes(serving, listening, io, origin, permit).await
}

/// Whether this connection has to begin with a PROXY header.
fn has_to_introduce(listening: &ServerTerms, origin: &Origin) -> bool {
    let proxies = &listening.carriers.proxies;
    proxies.speak_proxy_protocol() && proxies.trusts(origin.connection_address)
}

/// Reads the PROXY header of a connection that has to begin with one. `None` is the end of it.
async fn introduce<IO>(
    app: &Application,
    listening: &ServerTerms,
    io: &mut IO,
    origin: Origin,
) -> io::Result<Option<Origin>>
where
    IO: Read + Unpin,
{
    if !has_to_introduce(listening, &origin) {
        return Ok(Some(origin));
    }
    let address = match within(app, listening.options.handshake, proxy_protocol::read(io)).await? {
        Ok(Told::Peer(address)) => Some(address),
        Ok(Told::Unaddressed) => None,
        Ok(Told::Proxy) => origin.connection_address,
        Err(malformed) => {
            refuse_header(app, &origin, &malformed);
            return Ok(None);
        }
    };
    Ok(Some(Origin { address, ..origin }))
}

fn refuse_header(app: &Application, origin: &Origin, why: &MalformedHeader) {
    app.inner().counters.refused(Refusal::ProxyHeader, origin.connection_address, why);
}

/// Serves a connection that is encrypted or need not be.
async fn serve_bytes<IO>(
    serving: Arc<OpenServer>,
    listening: Arc<ServerTerms>,
    mut io: IO,
    origin: Origin,
    permit: Permit,
) -> io::Result<()>
where
    IO: Read + Write + Unpin + Send + 'static,
{
    let address = origin.address;
    let (app, options, carriers) = (&serving.app, &listening.options, &listening.carriers);
    let mut first = [0];
    within(app, options.handshake, read_exact(&mut io, &mut first)).await?;
    match first {
        [MAGIC] if options.speaks_rawsocket() => {
            let shake_hands = rawsocket::shake_hands(&mut io, &carriers.rawsocket);
            match within(app, options.handshake, shake_hands).await? {
                Ok(hello) => {
                    let transport = TransportInfo::plain(TransportKind::RawSocket, hello.serializer, origin);
                    let settings = (carriers.rawsocket.settings(), carriers.realms.clone());
                    rawsocket::serve(app, io, hello.takes, settings, transport, permit).await;
                }
                Err(refusal) => {
                    app.inner().counters.refused(Refusal::Handshake, address, refusal);
                    // Whether it takes its time to go is all the same.
                    drop(within(app, options.handshake, end_with(&mut io, &refusal.octets())).await);
                }
            }
            Ok(())
        }
        [proxy_protocol::FIRST] if carriers.proxies.speak_proxy_protocol() => {
            refuse_header(app, &origin, &MalformedHeader::Unexpected);
            Ok(())
        }
        [first] if options.http => {
            let (lent, lender) = Lent::new(first, io);
            let served = http::serve(&serving, &listening, lent, origin, permit.clone()).await;
            if served.as_ref().is_err_and(hyper::Error::is_timeout)
                && let Some(Returned { mut io, asked: true }) = lender.take()
            {
                // All input of the request has been read, so nothing can overtake the answer.
                drop(within(app, options.handshake, say_last(&mut io, &http::too_slow())).await);
            }
            served.map_err(io::Error::other)
        }
        [first] => {
            let text = format!("no supported protocol begins with the octet {first:#04x}");
            Err(io::Error::new(io::ErrorKind::InvalidData, text))
        }
    }
}

/// Cuts a handshake off that takes too long.
pub(super) async fn within<T>(
    app: &Application,
    time: Duration,
    handshake: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let runtime = &app.inner().runtime;
    let time_up = runtime.sleep_until(after(runtime.now(), time));
    match select(pin!(handshake), time_up).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
