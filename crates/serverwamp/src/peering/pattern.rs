//! The URI, pattern or regular expression of a route.

use regex::Regex;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::uri::{UriRules, is_reserved};
use std::fmt;

/// A URI, a prefix, a wildcard pattern or a regular expression.
#[derive(Clone)]
pub struct RoutePattern(pub(crate) PatternShape);

#[derive(Clone)]
pub(crate) enum PatternShape {
    Uri(Match, String),
    Regex { prefix: String, expression: String },
}

impl From<&str> for RoutePattern {
    fn from(uri: &str) -> Self {
        Self(PatternShape::Uri(Match::Exact, uri.to_owned()))
    }
}

impl From<String> for RoutePattern {
    fn from(uri: String) -> Self {
        Self(PatternShape::Uri(Match::Exact, uri))
    }
}

/// Every URI that starts with `uri`, as `match: "prefix"` has it: `prefix("docs.")` serves `docs.a` and `docs.b.c`.
pub fn prefix(uri: impl Into<String>) -> RoutePattern {
    RoutePattern(PatternShape::Uri(Match::Prefix, uri.into()))
}

/// Every URI with the same number of components whose others are equal where `uri` has an empty one, as
/// `match: "wildcard"` has it: `wildcard("docs..title")` serves `docs.a.title`.
pub fn wildcard(uri: impl Into<String>) -> RoutePattern {
    RoutePattern(PatternShape::Uri(Match::Wildcard, uri.into()))
}

/// Every URI that the regular expression matches as a whole; for procedures the server itself serves.
///
/// WAMP knows no such match, so no peer can register or subscribe this way. The syntax is that of the `regex` crate,
/// which takes linear time whatever a peer calls.
pub fn regex(expression: impl Into<String>) -> RoutePattern {
    RoutePattern(PatternShape::Regex { prefix: String::new(), expression: expression.into() })
}

/// A pattern that has been checked.
pub(crate) enum Compiled {
    Uri(UriPattern),
    Regex(Regex),
}

impl RoutePattern {
    pub(crate) fn nest(&mut self, outer: &str) {
        match &mut self.0 {
            PatternShape::Uri(_, uri) => uri.insert_str(0, outer),
            PatternShape::Regex { prefix, .. } => prefix.insert_str(0, outer),
        }
    }

    /// Checks the pattern against the realm's rules for URIs; it is not one of the specification's own.
    pub(crate) fn compile(&self, rules: &UriRules) -> Result<Compiled, String> {
        match self.compile_any(rules)? {
            Compiled::Uri(pattern) if is_reserved(pattern.as_str()) => Err(format!(
                "{:?} is reserved: URIs of applications must not start with `wamp.`",
                pattern.as_str()
            )),
            compiled => Ok(compiled),
        }
    }

    /// Checks the pattern against the realm's rules for URIs.
    pub(crate) fn compile_any(&self, rules: &UriRules) -> Result<Compiled, String> {
        match &self.0 {
            PatternShape::Uri(policy, uri) => {
                rules
                    .check(uri, *policy)
                    .map_err(|error| format!("{uri:?} is not a valid URI for match {policy}: {error}"))?;
                Ok(Compiled::Uri(UriPattern::new(*policy, uri.as_str())))
            }
            PatternShape::Regex { prefix, expression } => {
                let anchored = format!("^{}(?:{expression})$", regex::escape(prefix));
                Regex::new(&anchored)
                    .map(Compiled::Regex)
                    .map_err(|error| format!("{expression:?} is not a regular expression: {error}"))
            }
        }
    }
}

impl fmt::Debug for RoutePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            PatternShape::Uri(Match::Exact, uri) => write!(f, "{uri:?}"),
            PatternShape::Uri(Match::Prefix, uri) => write!(f, "prefix({uri:?})"),
            PatternShape::Uri(_, uri) => write!(f, "wildcard({uri:?})"),
            PatternShape::Regex { prefix, expression } => {
                write!(f, "regex({:?})", format!("{prefix}{expression}"))
            }
        }
    }
}
