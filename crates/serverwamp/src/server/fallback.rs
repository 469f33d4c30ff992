//! Requests for other paths than the server's own: a `tower` service of the program answers them.
//!
//! Invariant: a body is read no further and no longer than the server's settings say, whatever the service does.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tower::util::{BoxCloneSyncService, ServiceExt as _};
use tower_service::Service;

use super::http::page;
use crate::base::log::line;
use crate::layer::BoxError;
use crate::rt::{BoxFuture, Runtime, after};

/// The body of an answer: the server's own, or the program's.
#[derive(Debug)]
pub(super) enum AnyBody {
    Own(Full<Bytes>),
    Program(UnsyncBoxBody<Bytes, BodyError>),
}

/// The error of a body of the program. A type without a lifetime, which the compiler needs to see that a connection can
/// be sent to another thread.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct BodyError(BoxError);

impl Body for AnyBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Own(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Program(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(body) => body.is_end_stream(),
            Self::Program(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(body) => body.size_hint(),
            Self::Program(body) => body.size_hint(),
        }
    }
}

/// An answer of the server's own.
pub(super) fn own(response: Response<Full<Bytes>>) -> Response<AnyBody> {
    response.map(AnyBody::Own)
}

/// The program's service, and what its requests may have.
#[derive(Clone)]
pub(super) struct Fallback {
    service: BoxCloneSyncService<Request<RequestBody>, Response<UnsyncBoxBody<Bytes, BodyError>>, BoxError>,
}

/// The limits on a request's body: its length, and the time to read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FallbackBounds {
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

impl Fallback {
    pub(super) fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let service = service.map_response(|response: Response<B>| {
            response.map(|body| body.map_err(|error| BodyError(error.into())).boxed_unsync())
        });
        Self { service: BoxCloneSyncService::new(service.map_err(Into::into)) }
    }

    /// Answers a request whose path is none of the server's.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        bounds: FallbackBounds,
        runtime: &dyn Runtime,
    ) -> Response<AnyBody> {
        if request.body().size_hint().lower() > bounds.bytes {
            let text = format!("refused: the body has more than {} bytes\n", bounds.bytes);
            let mut refusal = own(page(StatusCode::PAYLOAD_TOO_LARGE, text));
            // Input under way is not read, so no request can follow.
            refusal.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
            return refusal;
        }
        let time_up = runtime.sleep_until(after(runtime.now(), bounds.time));
        let request =
            request.map(|body| RequestBody { body, left: bounds.bytes, bounds, time_up: Some(time_up) });
        match self.service.clone().oneshot(request).await {
            Ok(response) => response.map(AnyBody::Program),
            Err(error) => {
                let id = crate::base::ids::incident();
                line!(ERROR, "internal", "the fallback service failed", id = id, error = error);
                own(page(StatusCode::INTERNAL_SERVER_ERROR, format!("internal error, id {id}\n")))
            }
        }
    }
}

impl fmt::Debug for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fallback")
    }
}

/// The body of a request that [`Server::fallback_service`](crate::Server::fallback_service) hands on, bounded in bytes and
/// in time: beyond, reading it is an error.
pub struct RequestBody {
    body: Incoming,
    /// The number of bytes that may still come.
    left: u64,
    bounds: FallbackBounds,
    /// Completes when it has taken too long; gone when nothing more is to be read.
    time_up: Option<BoxFuture<'static, ()>>,
}

/// Why the rest of a request's body is not read.
#[derive(Debug, thiserror::Error)]
enum Cut {
    #[error("the body has more than {0} bytes")]
    TooLong(u64),
    #[error("the body took longer than {0:?}")]
    Slow(Duration),
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let Some(time_up) = &mut this.time_up else { return Poll::Ready(None) };
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let more = frame.data_ref().map_or(0, |data| data.len() as u64);
                match this.left.checked_sub(more) {
                    Some(left) => {
                        this.left = left;
                        Poll::Ready(Some(Ok(frame)))
                    }
                    None => {
                        this.time_up = None;
                        Poll::Ready(Some(Err(Cut::TooLong(this.bounds.bytes).into())))
                    }
                }
            }
            Poll::Ready(end) => {
                this.time_up = None;
                Poll::Ready(end.map(|end| end.map_err(Into::into)))
            }
            Poll::Pending => {
                ready!(time_up.as_mut().poll(cx));
                this.time_up = None;
                Poll::Ready(Some(Err(Cut::Slow(this.bounds.time).into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody")
            .field("body", &self.body)
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}
