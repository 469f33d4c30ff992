//! Answers to the requests of a browser: files, and the exchange of a token for a cookie.
//!
//! Invariants: every answer has the headers that keep other pages and other scripts out; what changes who is logged in is asked by POST,
//! from a page of the same origin. Whether the request is for a host of this server is checked before, by whoever mounts the console.

use crate::assets::Asset;
use crate::logins::{Logins, Visitor};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, COOKIE, ETAG, HOST, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, LOCATION, ORIGIN,
    REFERRER_POLICY, SET_COOKIE, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::Full;
use std::sync::Arc;
use std::time::Duration;

/// The Content-Security-Policy of every answer, beside the routers of others that its pages may connect to. Scripts and styles are files
/// of the console; what makes elements of text is the one policy of its template library, which gets no text but the templates'.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html; \
    connect-src 'self'";

/// What every answer has beside the policy: a page is asked for again before it is shown, is what its type says, is in no frame, and
/// tells no other site where it was.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
];

/// The console: its pages below one path, and who is logged in. Cheap to clone; clones are the same console.
#[derive(Clone, Debug)]
pub struct Console {
    /// Without a slash at its end.
    path: Arc<str>,
    policy: HeaderValue,
    logins: Arc<Logins>,
}

impl Default for Console {
    fn default() -> Self {
        Self::new()
    }
}

impl Console {
    /// One below `/console/`, that nobody is logged in at.
    ///
    /// ```
    /// let console = serverwamp_console::Console::new();
    /// assert_eq!(console.websocket_path(), "/console/ws");
    /// ```
    pub fn new() -> Self {
        let policy = HeaderValue::from_static(POLICY);
        Self { path: Arc::from("/console"), policy, logins: Arc::default() }
    }

    /// Has it below another path.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Arc::from(path.trim_end_matches('/'));
        self
    }

    /// Lets its pages connect to routers of others as well: origins as a Content-Security-Policy names them, such as
    /// `ws://127.0.0.1:9000`. By default they connect to this server alone, so that nothing they show can be sent elsewhere.
    ///
    /// Texts that are no such origin are left out: they would be read as other parts of the policy.
    #[must_use]
    pub fn routers<S: AsRef<str>>(mut self, routers: impl IntoIterator<Item = S>) -> Self {
        let mut policy = POLICY.to_owned();
        for router in routers {
            let router = router.as_ref();
            let is_origin = (router.starts_with("ws://") || router.starts_with("wss://"))
                && router.bytes().all(|byte| byte.is_ascii_graphic() && !b",;'\"".contains(&byte));
            if is_origin {
                policy.push(' ');
                policy.push_str(router);
            }
        }
        // What is left is ASCII without controls.
        self.policy = HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static(POLICY));
        self
    }

    /// The path of the WebSocket that its pages connect to.
    pub fn websocket_path(&self) -> String {
        format!("{}/ws", self.path)
    }

    /// The path that a browser opens, such as `/console/`.
    pub fn home(&self) -> String {
        format!("{}/", self.path)
    }

    /// Whether a request with this path is for the console.
    pub fn has(&self, path: &str) -> bool {
        path.strip_prefix(&*self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// A path with a fragment that logs one browser in, once: `/console/#token=…`, to be shown to whoever may be this visitor.
    ///
    /// A fragment is sent to no server. The page takes it out of the address, and exchanges the token for a cookie that scripts cannot
    /// read and other sites do not cause to be sent. Sixteen such links wait at most; a further one takes the place of the oldest.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn link(&self, visitor: Visitor) -> Result<String, getrandom::Error> {
        Ok(format!("{}/#token={}", self.path, self.logins.token(visitor, None)?))
    }

    /// The same, to be used `within` this time: for a link that is asked for when somebody wants to use it.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn link_within(&self, visitor: Visitor, within: Duration) -> Result<String, getrandom::Error> {
        Ok(format!("{}/#token={}", self.path, self.logins.token(visitor, Some(within))?))
    }

    /// Logs everybody out, and makes links that wait worth nothing. Sessions that have been joined go on; they are the server's.
    pub fn log_everybody_out(&self) {
        self.logins.forget_all();
    }

    /// Who the request of a browser comes from, by its cookie.
    pub fn visitor(&self, headers: &HeaderMap) -> Option<Visitor> {
        self.logins.visitor(&cookie(headers)?)
    }

    /// Answers a request. Its body is not looked at.
    pub fn answer(&self, request: &Parts) -> Response<Full<Bytes>> {
        let mut response = self.content(request);
        self.protect(&mut response);
        response
    }

    /// Gives an answer below the console's path that somebody else has made, such as a refusal of the WebSocket, the headers that every
    /// answer of the console has.
    pub fn protect<B>(&self, response: &mut Response<B>) {
        let headers = response.headers_mut();
        headers.extend(HEADERS);
        headers.insert(CONTENT_SECURITY_POLICY, self.policy.clone());
    }

    fn content(&self, request: &Parts) -> Response<Full<Bytes>> {
        let Some(path) = request.uri.path().strip_prefix(&*self.path) else {
            return text(StatusCode::NOT_FOUND, "there is nothing here");
        };
        match path {
            // Where relative addresses lead elsewhere. The fragment stays with the browser.
            "" => self.to_the_page(),
            "/login" => posted(request, |headers| self.log_in(headers)),
            "/logout" => posted(request, |headers| self.log_out(headers)),
            _ => match path.strip_prefix('/').and_then(Asset::find) {
                Some(asset) => file(request, asset),
                None => text(StatusCode::NOT_FOUND, "the console has no such page"),
            },
        }
    }

    fn to_the_page(&self) -> Response<Full<Bytes>> {
        let mut response = text(StatusCode::PERMANENT_REDIRECT, "the console is one slash further");
        if let Ok(location) = HeaderValue::try_from(format!("{}/", self.path)) {
            response.headers_mut().insert(LOCATION, location);
        }
        response
    }

    fn log_in(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let Some(token) = token else {
            return text(StatusCode::BAD_REQUEST, "the token belongs into Authorization: Bearer TOKEN");
        };
        match self.logins.exchange(token) {
            Ok(Some(cookie)) => with_cookie(headers, &self.path, &cookie, ""),
            Ok(None) => text(
                StatusCode::FORBIDDEN,
                "the link was used before, is too old, or is of another run of the server: each works once. Ask for a new one: \
                 serverwamp console link",
            ),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the system has no random numbers"),
        }
    }

    fn log_out(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        if let Some(cookie) = cookie(headers) {
            self.logins.forget(&cookie);
        }
        with_cookie(headers, &self.path, "", "; Max-Age=0")
    }
}

/// Answers a POST of a page of the same origin.
fn posted(
    request: &Parts,
    answer: impl FnOnce(&HeaderMap) -> Response<Full<Bytes>>,
) -> Response<Full<Bytes>> {
    if request.method != Method::POST {
        return not_allowed("POST");
    }
    if !is_of_same_origin(&request.headers) {
        return text(StatusCode::FORBIDDEN, "only pages of the console's own origin log in and out");
    }
    answer(&request.headers)
}

fn file(request: &Parts, asset: &Asset) -> Response<Full<Bytes>> {
    if request.method != Method::GET && request.method != Method::HEAD {
        return not_allowed("GET, HEAD");
    }
    if !takes_gzip(&request.headers) {
        return text(
            StatusCode::NOT_ACCEPTABLE,
            "the console is compressed by gzip, which this client refuses",
        );
    }
    let etag = asset.etag();
    let kept = request.headers.get_all(IF_NONE_MATCH).iter().any(|value| {
        value.to_str().is_ok_and(|tags| {
            tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*")
        })
    });
    // A server leaves the body of an answer to HEAD out, and needs it for the length.
    let mut response = if kept {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Full::new(Bytes::from_static(asset.packed)))
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if !kept {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Whether a client takes gzip: one that says nothing takes everything (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(ACCEPT_ENCODING).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    let mut any = None;
    for coding in values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        let taken = weight.parse::<f32>().is_ok_and(|weight| weight > 0.0);
        match name.trim() {
            "gzip" | "x-gzip" => return taken,
            "*" => any = Some(taken),
            _ => {}
        }
    }
    any.unwrap_or(false)
}

/// Whether a page of the host that is asked has made the request: browsers say so with every POST.
fn is_of_same_origin(headers: &HeaderMap) -> bool {
    let (Some(origin), Some(host)) = (text_of(headers, &ORIGIN), text_of(headers, &HOST)) else {
        return false;
    };
    let page = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    page.is_some_and(|page| page.eq_ignore_ascii_case(host))
}

/// Sets the cookie, for the console's own path and nothing else, and for encrypted connections alone where the page came by one.
fn with_cookie(headers: &HeaderMap, path: &str, value: &str, more: &str) -> Response<Full<Bytes>> {
    let is_encrypted = text_of(headers, &ORIGIN).is_some_and(|origin| origin.starts_with("https://"));
    let secure = if is_encrypted { "; Secure" } else { "" };
    let set =
        format!("{}={value}; Path={path}/; HttpOnly; SameSite=Strict{secure}{more}", cookie_name(headers));
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    match HeaderValue::try_from(set) {
        Ok(set) => {
            response.headers_mut().insert(SET_COOKIE, set);
            response
        }
        Err(_) => {
            text(StatusCode::INTERNAL_SERVER_ERROR, "the path of the console cannot be that of a cookie")
        }
    }
}

/// The cookie's name has the port: browsers send the cookies of one port to all others of the same host, and a second server there would
/// log the first one's visitors out.
fn cookie_name(headers: &HeaderMap) -> String {
    let host = text_of(headers, &HOST).unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or_default();
    format!("serverwamp_console_{port}")
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(headers);
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// A header that is there once.
fn text_of<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    value.to_str().ok()
}

fn not_allowed(allowed: &'static str) -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, &format!("only {allowed} here"));
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
