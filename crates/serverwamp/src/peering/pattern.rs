//! The URI, pattern or regular expression of a route.

use super::expression::{Expression, ExpressionText};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::uri::{UriRules, is_reserved};
use std::fmt;

/// A URI, a prefix, a wildcard pattern or a regular expression.
#[derive(Clone)]
pub struct RoutePattern(pub(crate) PatternShape);

#[derive(Clone)]
pub(crate) enum PatternShape {
    Uri(Match, String),
    Regex(ExpressionText),
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

/// A pattern that has been checked.
pub(crate) enum Compiled {
    Uri(UriPattern),
    Regex(Expression),
}

impl RoutePattern {
    pub(crate) fn nest(&mut self, outer: &str) {
        match &mut self.0 {
            PatternShape::Uri(_, uri) => uri.insert_str(0, outer),
            PatternShape::Regex(expression) => expression.nest(outer),
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
                rules.check(uri, *policy).map_err(|error| {
                    // It may be a peer's, whose errors must not grow with it.
                    let uri: String = uri.chars().take(200).collect();
                    format!("{uri:?} is not a valid URI for match {policy}: {error}")
                })?;
                Ok(Compiled::Uri(UriPattern::new(*policy, uri.as_str())))
            }
            PatternShape::Regex(expression) => expression.compile().map(Compiled::Regex),
        }
    }
}

impl fmt::Debug for RoutePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            PatternShape::Uri(Match::Exact, uri) => write!(f, "{uri:?}"),
            PatternShape::Uri(Match::Prefix, uri) => write!(f, "prefix({uri:?})"),
            PatternShape::Uri(_, uri) => write!(f, "wildcard({uri:?})"),
            PatternShape::Regex(expression) => expression.fmt(f),
        }
    }
}
