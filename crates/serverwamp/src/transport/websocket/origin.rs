//! Which web pages may open a WebSocket.
//!
//! A browser lets every page connect to every server and sends the user's cookies along, but it always says in
//! `Origin` which page it is. Programs that are not browsers send no `Origin`, and could send any.
//!
//! Invariant: an `Origin` that is not understood is refused.

use http::header::{HOST, HeaderMap, ORIGIN};
use http::uri::{Authority, Uri};

use super::listed::as_browsers_write_it;

/// The web pages that may connect.
#[derive(Clone, Debug)]
pub struct Origins(Rule);

#[derive(Clone, Debug)]
enum Rule {
    SameHost {
        /// As browsers write them.
        others: Vec<String>,
        /// Those that no page has, each with what is wrong with it.
        impossible: Vec<String>,
    },
    Any,
}

impl Origins {
    /// Pages of the host that is connected to, as its `Host` header names it.
    ///
    /// The port does not matter: cookies do not look at it either, and a development server on another port of the same
    /// host is a common and harmless case.
    pub const fn same_host() -> Self {
        Self(Rule::SameHost { others: Vec::new(), impossible: Vec::new() })
    }

    /// Pages of the same host, and of these origins, such as `https://app.example.com`: a scheme, a host, and a port if it
    /// is not the scheme's own. A slash at the end and the scheme's own port, which browsers do not write, are left aside.
    ///
    /// An origin that no page has (without a scheme, with a path, ...) lets nobody in, and
    /// [`build`](crate::ApplicationBuilder::build) refuses it.
    pub fn listed<S: Into<String>>(origins: impl IntoIterator<Item = S>) -> Self {
        let (mut others, mut impossible) = (Vec::new(), Vec::new());
        for origin in origins.into_iter().map(Into::into) {
            match as_browsers_write_it(&origin) {
                Ok(origin) => others.push(origin),
                Err(why) => impossible.push(format!("no page has the origin {origin:?}: {why}")),
            }
        }
        Self(Rule::SameHost { others, impossible })
    }

    /// What is wrong with what was listed.
    pub(crate) fn impossible(&self) -> &[String] {
        match &self.0 {
            Rule::SameHost { impossible, .. } => impossible,
            Rule::Any => &[],
        }
    }

    /// Any page. Safe only if nothing a browser sends by itself, such as a cookie or a client certificate, tells this
    /// server who the user is. Pages of other hosts that poll with credentials, as those with autobahn-js do, are not
    /// let in by their browser then: list their origins.
    pub const fn any_origin() -> Self {
        Self(Rule::Any)
    }

    /// Whether somebody has chosen which pages may connect, so that they may send the user's cookies along.
    pub(crate) const fn are_chosen(&self) -> bool {
        !matches!(self.0, Rule::Any)
    }

    /// Whether a request with these headers may connect; if not, why.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), String> {
        let Rule::SameHost { others, .. } = &self.0 else { return Ok(()) };
        let mut origins = headers.get_all(ORIGIN).iter();
        let (origin, None) = (origins.next(), origins.next()) else {
            return Err("more than one Origin".to_owned());
        };
        let Some(origin) = origin else { return Ok(()) };
        let Ok(origin) = origin.to_str() else { return Err("the Origin header is not ASCII".to_owned()) };
        if others.iter().any(|other| other.eq_ignore_ascii_case(origin)) {
            return Ok(());
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        let same = match (origin_host(origin), &host) {
            (Some(origin), Some(host)) => origin.host().eq_ignore_ascii_case(host.host()),
            _ => false,
        };
        if same { Ok(()) } else { Err(format!("origin {} is not allowed", super::upgrade::excerpt(origin))) }
    }
}

/// The host of an origin, which is a scheme and an authority and nothing else.
fn origin_host(origin: &str) -> Option<Authority> {
    let uri: Uri = origin.parse().ok()?;
    let scheme = uri.scheme_str()?;
    let authority = uri.authority()?;
    let nothing_else = origin.len() == scheme.len() + "://".len() + authority.as_str().len();
    (nothing_else && !authority.as_str().contains('@')).then(|| authority.clone())
}
