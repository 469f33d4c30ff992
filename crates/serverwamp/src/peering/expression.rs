//! Regular expressions as patterns of routes. No other router knows them, so there are some only where this one is compiled.

use super::pattern::{PatternShape, RoutePattern};
use regex::Regex;
use std::fmt;
use std::sync::Arc;

/// Every URI that the regular expression matches as a whole; for procedures the server itself serves.
///
/// WAMP knows no such match, so no peer can register or subscribe this way. The syntax is that of the `regex` crate,
/// which takes linear time whatever a peer calls.
pub fn regex(expression: impl Into<String>) -> RoutePattern {
    RoutePattern(PatternShape::Regex(ExpressionText { prefix: String::new(), expression: expression.into() }))
}

/// A regular expression as a route has it, behind the prefixes of the sets it is nested in.
#[derive(Clone)]
pub(crate) struct ExpressionText {
    prefix: String,
    expression: String,
}

impl ExpressionText {
    pub(super) fn nest(&mut self, outer: &str) {
        self.prefix.insert_str(0, outer);
    }

    pub(super) fn compile(&self) -> Result<Expression, String> {
        let Self { prefix, expression } = self;
        let anchored = format!("^{}(?:{expression})$", regex::escape(prefix));
        Regex::new(&anchored)
            .map(|regex| Expression(Arc::new(regex)))
            .map_err(|error| format!("{expression:?} is not a regular expression: {error}"))
    }
}

impl fmt::Debug for ExpressionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, expression } = self;
        write!(f, "regex({:?})", format!("{prefix}{expression}"))
    }
}

/// A regular expression that has been checked.
#[derive(Clone, Debug)]
pub(crate) struct Expression(Arc<Regex>);

impl Expression {
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn is_match(&self, uri: &str) -> bool {
        self.0.is_match(uri)
    }

    /// What its groups match in `uri`; an unused group is an empty text.
    pub(crate) fn captures(&self, uri: &str) -> Vec<String> {
        let Some(groups) = self.0.captures(uri) else { return Vec::new() };
        groups.iter().skip(1).map(|group| group.map_or("", |text| text.as_str()).into()).collect()
    }
}
