//! Requests of authenticators to web servers: key sets, and the HTTP hook.
//!
//! In: an address, maybe a body. Out: the body of an answer `200`, or one line about what went wrong. One connection for each
//! request, over `rt::Runtime`, so that it runs wherever the application runs. Bounded: the time of a request from the first packet to
//! the last octet, the bytes of an answer and of everything around it. Redirects are not followed: an answer comes from where the operator pointed, or not at all.

mod address;
mod bounded;
mod roots;
mod settings;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use self::address::WebAddress;
pub use self::settings::FetchSettings;

use super::AuthSettingsError;
use crate::rt::{AnyIo, Runtime, after};
use bounded::Bounded;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

/// Asks web servers.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    settings: FetchSettings,
    tls: Arc<ClientConfig>,
    longest_answer: usize,
}

impl Fetcher {
    pub(crate) fn new(settings: &FetchSettings, longest_answer: usize) -> Result<Self, AuthSettingsError> {
        let tls = roots::client_config(settings.authorities.as_deref())?;
        Ok(Self { settings: settings.clone(), tls, longest_answer })
    }

    #[cfg(feature = "jwt")]
    pub(crate) const fn settings(&self) -> &FetchSettings {
        &self.settings
    }

    /// The document at an address.
    #[cfg(feature = "jwt")]
    pub(crate) async fn get(
        &self,
        runtime: &Arc<dyn Runtime>,
        address: &WebAddress,
    ) -> Result<Bytes, String> {
        self.request(runtime, address, Method::GET, Bytes::new()).await
    }

    /// The answer to a JSON document that is posted to an address.
    #[cfg(feature = "http-auth")]
    pub(crate) async fn post(
        &self,
        runtime: &Arc<dyn Runtime>,
        address: &WebAddress,
        json: Vec<u8>,
    ) -> Result<Bytes, String> {
        self.request(runtime, address, Method::POST, json.into()).await
    }

    async fn request(
        &self,
        runtime: &Arc<dyn Runtime>,
        address: &WebAddress,
        method: Method,
        body: Bytes,
    ) -> Result<Bytes, String> {
        let deadline = after(runtime.now(), self.settings.timeout);
        let asking = pin!(async {
            let io = runtime.connect(&address.host, address.port);
            let io = io.await.map_err(|error| format!("no connection: {error}"))?;
            let request = request(address, method, body)?;
            if address.secure {
                self.ask(self.secured(io, address).await?, request).await
            } else {
                self.ask(io, request).await
            }
        });
        match select(asking, runtime.sleep_until(deadline)).await {
            Either::Left((answer, _)) => answer.map_err(|problem| format!("{address}: {problem}")),
            Either::Right(_) => Err(format!("{address}: no answer within {:?}", self.settings.timeout)),
        }
    }

    async fn secured(
        &self,
        io: AnyIo,
        address: &WebAddress,
    ) -> Result<impl Read + Write + Unpin + Send + 'static, String> {
        let name = ServerName::try_from(address.host.clone()).map_err(|error| error.to_string())?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, TokioIo::new(io)).await;
        Ok(TokioIo::new(stream.map_err(|error| format!("TLS: {error}"))?))
    }

    /// Sends a request over a connection of its own, and reads the answer.
    async fn ask(
        &self,
        io: impl Read + Write + Unpin + Send + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<Bytes, String> {
        let io = Bounded::new(io, self.longest_answer.saturating_add(bounded::MOST_AROUND));
        let (mut sender, connection) = http1::handshake(io).await.map_err(|error| said(&error))?;
        let mut connection = pin!(connection);
        let exchange = pin!(async {
            let answer = sender.send_request(request).await.map_err(|error| said(&error))?;
            self.body(answer).await
        });
        // The connection carries the answer and ends behind it, so the answer is asked for first.
        match select(exchange, &mut connection).await {
            Either::Left((answer, _)) => answer,
            // What was read is there, and the rest will not come: the exchange ends by itself.
            Either::Right((_, exchange)) => exchange.await,
        }
    }

    async fn body(&self, answer: http::Response<Incoming>) -> Result<Bytes, String> {
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_redirection() => {
                return Err(format!("the answer is {status}, and redirects are not followed"));
            }
            status => return Err(format!("the answer is {status}, expected 200")),
        }
        let body = Limited::new(answer.into_body(), self.longest_answer).collect().await;
        let most = self.longest_answer;
        let problem = |error: Box<dyn Error + Send + Sync>| {
            format!("the answer broke off, or is longer than {most} bytes: {}", said(&*error))
        };
        Ok(body.map_err(problem)?.to_bytes())
    }
}

/// An error with its cause: hyper's own text is `connection error`, whatever it was.
fn said(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn request(address: &WebAddress, method: Method, body: Bytes) -> Result<Request<Full<Bytes>>, String> {
    let request = Request::builder()
        .method(&method)
        .uri(&address.path)
        .header(header::HOST, &address.authority)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("serverwamp/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close");
    let request = if method == Method::POST {
        request.header(header::CONTENT_TYPE, "application/json")
    } else {
        request
    };
    request.body(Full::new(body)).map_err(|error| error.to_string())
}
