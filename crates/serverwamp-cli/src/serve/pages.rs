//! The pages of a listener beside its sessions: files, metrics, and what load balancers ask.
//!
//! Invariant: a listener has no page that its configuration does not name, so that metrics do not become public by accident.

use crate::metrics::MonitoringService;
use crate::static_files::StaticFiles;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use serverwamp::layer::BoxError;
use serverwamp_config::Mistakes;
use serverwamp_config::build::unusable;
use serverwamp_config::model::{Listener, Service};
use std::convert::Infallible;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// The body of a page.
type PageBody = UnsyncBoxBody<Bytes, BoxError>;

/// The pages of one listener.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    monitoring: MonitoringService,
    metrics: bool,
    health: bool,
    /// The longest paths first; each with the time that browsers may keep its files.
    files: Arc<Vec<(StaticFiles, Duration)>>,
}

impl Pages {
    /// Those that the listener has; `None` if it has none.
    pub(super) fn of(
        listener: &Listener,
        folder: &Path,
        monitoring: &MonitoringService,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let mut named: Vec<_> = listener.files.iter().collect();
        named.sort_by_key(|files| std::cmp::Reverse(files.path.as_str().len()));
        let mut files = Vec::new();
        for one in named {
            match StaticFiles::new(one.path.as_str(), one.folder.beside(folder)) {
                Ok(built) => files.push((built, one.max_age.get())),
                Err(why) => mistakes.add(unusable(one.folder.place(), why)),
            }
        }
        let pages = Self {
            monitoring: monitoring.clone(),
            metrics: listener.serves(Service::Metrics),
            health: listener.serves(Service::Health),
            files: Arc::new(files),
        };
        listener.has_pages().then_some(pages)
    }

    async fn answer<B: Send + 'static>(mut self, request: Request<B>) -> Response<PageBody> {
        use tower_service::Service as _;
        let path = request.uri().path();
        let monitored = match path {
            "/metrics" => self.metrics,
            "/healthz" | "/readyz" => self.health,
            _ => false,
        };
        if monitored {
            let answered =
                self.monitoring.call(request).await.unwrap_or_else(|never: Infallible| match never {});
            return answered.map(|body| body.map_err(|never| match never {}).boxed_unsync());
        }
        let Some((files, age)) = self.files.iter().find(|(files, _)| files.has(path)) else {
            return self.nothing();
        };
        let mut answered =
            files.clone().call(request).await.unwrap_or_else(|never: Infallible| match never {});
        let found = answered.status().is_success() || answered.status() == StatusCode::NOT_MODIFIED;
        if found
            && *age > Duration::ZERO
            && let Ok(kept) = HeaderValue::from_str(&format!("max-age={}", age.as_secs()))
        {
            answered.headers_mut().insert(CACHE_CONTROL, kept);
        }
        answered.map(|body| body.map_err(BoxError::from).boxed_unsync())
    }

    /// The answer to a path that the listener does not have: with those of its metrics and its health.
    fn nothing(&self) -> Response<PageBody> {
        let text = match (self.metrics, self.health) {
            (true, true) => "there is nothing here; there is /metrics, /healthz, /readyz\n",
            (true, false) => "there is nothing here; there is /metrics\n",
            (false, true) => "there is nothing here; there is /healthz, /readyz\n",
            (false, false) => "there is nothing here\n",
        };
        let text = Full::new(Bytes::from_static(text.as_bytes()));
        let mut response = Response::new(text.map_err(|never| match never {}).boxed_unsync());
        *response.status_mut() = StatusCode::NOT_FOUND;
        let text_type = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, text_type);
        response
    }
}

impl<B: Send + 'static> tower_service::Service<Request<B>> for Pages {
    type Response = Response<PageBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(this.answer(request).await) })
    }
}
