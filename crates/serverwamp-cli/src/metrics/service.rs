//! The three paths as an HTTP service.
//!
//! Invariant: numbers are gathered in a thread that serves no connection, by one scrape at a time, whoever asks how often.

use super::accept::Format;
use super::encode::encode;
use super::families::Snapshot;
use super::health::Health;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;
use serverwamp::{Application, Serializer};
use serverwamp_proto::codec;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Mutex;
use tower_service::Service;

const PATHS: &str = "there is nothing here; there is /metrics, /healthz, /readyz\n";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// Serves `/metrics`, `/healthz` and `/readyz`, and answers 404 to everything else.
#[derive(Clone, Debug)]
pub(crate) struct MonitoringService {
    app: Application,
    health: Health,
    /// Held by the scrape that gathers numbers.
    scraping: Arc<Mutex<()>>,
}

impl MonitoringService {
    /// The service for an application, and for the program that runs it.
    pub(crate) fn new(app: Application, health: Health) -> Self {
        Self { app, health, scraping: Arc::default() }
    }

    async fn answer(self, request: Asked) -> Response<Full<Bytes>> {
        let allowed = matches!(request.method, Method::GET | Method::HEAD);
        let mut response = match (request.path.as_str(), allowed) {
            ("/metrics" | "/healthz" | "/readyz", false) => {
                let mut response = text(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n".into());
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            ("/metrics", true) => self.metrics(Format::of(&request.accept)).await,
            ("/healthz", true) => json(StatusCode::OK, &self.health.liveness()),
            ("/readyz", true) => {
                let readiness = self.health.readiness();
                let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                json(status, &readiness)
            }
            _ => text(StatusCode::NOT_FOUND, TEXT, PATHS.into()),
        };
        // No proxy is to answer in our place.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if request.method == Method::HEAD {
            let length = http_body_length(&response);
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
            *response.body_mut() = Full::default();
        }
        response
    }

    async fn metrics(&self, format: Format) -> Response<Full<Bytes>> {
        let _turn = self.scraping.lock().await;
        let (app, health) = (self.app.clone(), self.health.clone());
        let gathered =
            tokio::task::spawn_blocking(move || encode(Snapshot::take(&app, &health), format)).await;
        match gathered {
            Ok(Ok(metrics)) => text(StatusCode::OK, format.content_type(), metrics),
            failure => {
                tracing::error!(?failure, "the metrics could not be gathered");
                text(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "the metrics could not be gathered\n".into())
            }
        }
    }
}

/// The part of a request that decides about its answer.
struct Asked {
    method: Method,
    path: String,
    accept: String,
}

impl<B> Service<Request<B>> for MonitoringService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let accepted =
            request.headers().get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let asked = Asked {
            accept: accepted.collect::<Vec<_>>().join(","),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        };
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(asked).await) })
    }
}

fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    // Structures of numbers and booleans can always be written.
    let mut text_of_body = Vec::new();
    drop(codec::to_writer(Serializer::Json, body, &mut text_of_body));
    text_of_body.push(b'\n');
    text(status, JSON, String::from_utf8_lossy(&text_of_body).into_owned())
}

/// The length that the answer to GET would have.
fn http_body_length(response: &Response<Full<Bytes>>) -> HeaderValue {
    use http_body::Body as _;
    response.body().size_hint().exact().unwrap_or_default().into()
}
