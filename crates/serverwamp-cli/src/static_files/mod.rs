//! Files of a directory as pages below a path: a `tower` service for listeners that have pages.
//!
//! In: HTTP requests. Out: files with their type, conditional and partial as the client asks, and 404 for everything else. Invariants:
//! no file outside of the directory is opened, whatever links there are in it, nor one whose name, or a part of whose path, begins with a
//! dot; no directory is listed. The reading, ranges and conditions are `tower_http::services::ServeDir`.

mod beneath;
#[cfg(test)]
mod tests;

use beneath::Beneath;
use futures_util::future::BoxFuture;
use http::header::{
    CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, IF_RANGE, RANGE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::uri::PathAndQuery;
use http::{Request, Response, StatusCode, Uri};
use std::convert::Infallible;
use std::path::PathBuf;
use std::task::{Context, Poll};
use tower_http::services::ServeDir;
use tower_http::services::fs::{DefaultServeDirFallback, ServeFileSystemResponseBody};
use tower_service::Service;

/// What every answer has. A page is asked for again before it is shown, which its ETag makes cheap, is what its type says and nothing
/// else, and is in no frame of another site.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
];

/// The files of one directory below one path. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct StaticFiles {
    /// Without a slash at its end; empty for `/`.
    prefix: String,
    directory: ServeDir<DefaultServeDirFallback, Beneath>,
}

impl StaticFiles {
    /// The files of `directory`, so that `/index.html` of it is found at `<path>/`.
    ///
    /// The directory is looked up for each request: a link may be replaced by one to a new release.
    ///
    /// # Errors
    /// When there is no such directory, or the path does not begin with a slash.
    pub(crate) fn new(path: &str, directory: impl Into<PathBuf>) -> Result<Self, String> {
        let directory = directory.into();
        if !path.starts_with('/') || path.contains("//") {
            return Err(format!("{path:?} is not a path for files: write it as in \"/pages\""));
        }
        match std::fs::metadata(&directory) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(format!("{} is not a directory", directory.display())),
            Err(error) => {
                return Err(format!("the directory {} cannot be used: {error}", directory.display()));
            }
        }
        let prefix = path.trim_end_matches('/').to_owned();
        let directory = ServeDir::with_backend("", Beneath::new(directory))
            .redirect_path_prefix(prefix.clone())
            .ignore_multi_range_requests(true);
        Ok(Self { prefix, directory })
    }

    /// Whether a request with this path is for these files.
    pub(crate) fn has(&self, path: &str) -> bool {
        path.strip_prefix(&*self.prefix).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The same request below the root of the directory, if it is for these files.
    fn within<B>(&self, mut request: Request<B>) -> Option<Request<B>> {
        let path = request.uri().path();
        if !self.has(path) || path.contains("//") || path.split('/').any(is_hidden) {
            return None;
        }
        let rest = request.uri().path_and_query()?.as_str().strip_prefix(&*self.prefix)?;
        // Without scheme and host, which a client may have written and which would go into a redirection.
        *request.uri_mut() = Uri::from(rest.parse::<PathAndQuery>().ok()?);
        // What the condition is about is not known here; the whole file is always right.
        if request.headers().contains_key(IF_RANGE) {
            request.headers_mut().remove(RANGE);
        }
        Some(request)
    }
}

impl<B: Send + 'static> Service<Request<B>> for StaticFiles {
    type Response = Response<ServeFileSystemResponseBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (request, mut directory) = (self.within(request), self.directory.clone());
        Box::pin(async move {
            let mut response = match request {
                Some(request) => directory.call(request).await.unwrap_or_else(|never| match never {}),
                None => nothing(),
            };
            let headers = response.headers_mut();
            headers.extend(HEADERS);
            if let Some(text) = headers.get(CONTENT_TYPE).and_then(in_utf_8) {
                headers.insert(CONTENT_TYPE, text);
            }
            Ok(response)
        })
    }
}

/// Whether a part of a path begins with a dot; what is encoded in another way is found when the file is opened.
fn is_hidden(part: &str) -> bool {
    part.starts_with('.') || part.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case("%2e"))
}

/// A type of text with the encoding that files have.
fn in_utf_8(content_type: &HeaderValue) -> Option<HeaderValue> {
    let text = content_type.to_str().ok().filter(|text| text.starts_with("text/") && !text.contains(';'))?;
    HeaderValue::from_str(&format!("{text}; charset=utf-8")).ok()
}

fn nothing() -> Response<ServeFileSystemResponseBody> {
    let mut response = Response::new(ServeFileSystemResponseBody::default());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
