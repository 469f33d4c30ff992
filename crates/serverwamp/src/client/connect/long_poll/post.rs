//! Requests of one transport over one connection at a time, which is made anew when the router has ended it between two requests.

use super::Dialer;
use crate::rt::AnyIo;
use bytes::{Buf as _, Bytes};
use http::header::{CONTENT_TYPE, COOKIE, HOST, HeaderMap, HeaderValue, SET_COOKIE, USER_AGENT};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use std::sync::Arc;

/// The most of an answer that is held before its body: status and headers.
const LONGEST_HEAD: usize = 64 << 10;

/// Posts to a router.
pub(super) struct Poster {
    dialer: Arc<Dialer>,
    /// The value of `Host`.
    host: String,
    /// The path of long-polling, without a slash at its end.
    base: String,
    /// What stands behind the path of every request, with its question mark.
    query: String,
    headers: HeaderMap,
    connection: Option<SendRequest<Full<Bytes>>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostError {
    #[error("{0}")]
    Unconnected(String),
    #[error("the connection was lost: {0}")]
    Lost(#[from] hyper::Error),
    #[error("the request cannot be made: {0}")]
    Request(#[from] http::Error),
}

impl Poster {
    /// Posts over `io` first.
    pub(super) async fn over(
        io: AnyIo,
        dialer: Arc<Dialer>,
        host: &str,
        target: &str,
    ) -> Result<Self, String> {
        let (path, query) = target.split_once('?').map_or((target, ""), |(path, query)| (path, query));
        let mut headers = HeaderMap::new();
        headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("serverwamp/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &dialer.settings.headers {
            headers.append(name, value.clone());
        }
        let mut poster = Self {
            host: host.to_owned(),
            base: path.trim_end_matches('/').to_owned(),
            query: if query.is_empty() { String::new() } else { format!("?{query}") },
            headers,
            connection: None,
            dialer,
        };
        poster.connection = Some(poster.speak(io).await.map_err(|error| error.to_string())?);
        Ok(poster)
    }

    /// Another one, with a connection of its own.
    pub(super) fn beside(&self) -> Self {
        Self {
            dialer: Arc::clone(&self.dialer),
            host: self.host.clone(),
            base: self.base.clone(),
            query: self.query.clone(),
            headers: self.headers.clone(),
            connection: None,
        }
    }

    pub(super) fn dialer(&self) -> &Arc<Dialer> {
        &self.dialer
    }

    /// Sends the cookies of an answer with further requests: balancers find the right router by them.
    pub(super) fn keep_cookies(&mut self, answer: &HeaderMap) {
        for cookie in answer.get_all(SET_COOKIE) {
            let pair = cookie.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
            let mut cookies = self.headers.get(COOKIE).map(|cookies| [cookies.as_bytes(), b"; "].concat());
            cookies.get_or_insert_default().extend_from_slice(pair);
            if let Some(Ok(mut cookies)) = cookies.map(|cookies| HeaderValue::from_bytes(&cookies)) {
                cookies.set_sensitive(true);
                self.headers.insert(COOKIE, cookies);
            }
        }
    }

    /// Posts `body` to the path below the base.
    pub(super) async fn post(
        &mut self,
        below: &str,
        kind: Option<&'static str>,
        body: Bytes,
    ) -> Result<Response<Incoming>, PostError> {
        let mut request = self.request(below, kind, body)?;
        loop {
            let used = match &mut self.connection {
                Some(connection) => connection.ready().await.is_ok(),
                None => false,
            };
            let connection = match self.connection.take().filter(|_| used) {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            let connection = self.connection.insert(connection);
            match connection.try_send_request(request).await {
                Ok(answer) => return Ok(answer),
                Err(mut unsent) => {
                    self.connection = None;
                    match unsent.take_message() {
                        // The router ended the connection between two requests, and has seen nothing of this one.
                        Some(same) if used => request = same,
                        _ => return Err(unsent.into_error().into()),
                    }
                }
            }
        }
    }

    fn request(
        &self,
        below: &str,
        kind: Option<&'static str>,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, http::Error> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/{below}{}", self.base, self.query))
            .header(HOST, &self.host)
            .body(Full::new(body))?;
        request.headers_mut().extend(self.headers.clone());
        if let Some(kind) = kind {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        Ok(request)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, PostError> {
        let connected = self.dialer.connector().connect().await;
        let (io, _) = connected.map_err(|error| PostError::Unconnected(error.to_string()))?;
        self.speak(io).await
    }

    /// The connection lives as long as requests may be sent on it.
    async fn speak(&self, io: AnyIo) -> Result<SendRequest<Full<Bytes>>, PostError> {
        let (requests, connection) = http1::Builder::new().max_buf_size(LONGEST_HEAD).handshake(io).await?;
        self.dialer.runtime.spawn(Box::pin(async move {
            // Whoever waits for an answer is told why there is none.
            let _lost = connection.await;
        }));
        Ok(requests)
    }
}

/// Up to `most` bytes of an answer; what is longer is cut.
pub(super) async fn read_body(mut body: Incoming, most: usize) -> Result<Bytes, PostError> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame?.into_data() else { continue };
        let room = most - read.len();
        let piece = data.remaining().min(room);
        read.extend_from_slice(&data.copy_to_bytes(piece));
        if read.len() == most {
            break;
        }
    }
    Ok(read.into())
}
