//! The URIs that go over a link, and whether two patterns have one in common.

use serverwamp::{RoutePattern, prefix, wildcard};
use std::fmt;
use std::str::FromStr;

/// A URI, all URIs that begin in the same way, or all that have the same components but for empty ones.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum LinkPattern {
    Exact(String),
    Prefix(String),
    Wildcard(String),
}

impl LinkPattern {
    pub(super) fn route(&self) -> RoutePattern {
        match self {
            Self::Exact(uri) => uri.as_str().into(),
            Self::Prefix(uri) => prefix(uri),
            Self::Wildcard(uri) => wildcard(uri),
        }
    }

    /// A URI of the pattern, in which this component stands for any.
    pub(super) fn example(&self, any: &str) -> String {
        match self {
            Self::Exact(uri) => uri.clone(),
            Self::Prefix(begin) => format!("{begin}{any}"),
            Self::Wildcard(wild) => {
                let component = |part| if str::is_empty(part) { any } else { part };
                wild.split('.').map(component).collect::<Vec<_>>().join(".")
            }
        }
    }

    /// Whether some URI is in both.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Prefix(left), Self::Prefix(right)) => {
                left.starts_with(&**right) || right.starts_with(&**left)
            }
            (Self::Prefix(begin), Self::Exact(uri)) | (Self::Exact(uri), Self::Prefix(begin)) => {
                uri.starts_with(&**begin)
            }
            (Self::Prefix(begin), Self::Wildcard(wild)) | (Self::Wildcard(wild), Self::Prefix(begin)) => {
                begins_some(begin, wild)
            }
            (Self::Exact(left) | Self::Wildcard(left), Self::Exact(right) | Self::Wildcard(right)) => {
                same_but_for_empty(left, right)
            }
        }
    }
}

/// Whether two lists of components can be of one URI: an empty component of a wildcard stands for any.
fn same_but_for_empty(left: &str, right: &str) -> bool {
    left.split('.').count() == right.split('.').count()
        && left
            .split('.')
            .zip(right.split('.'))
            .all(|(left, right)| left.is_empty() || right.is_empty() || left == right)
}

/// Whether a URI of the wildcard can begin so.
fn begins_some(begin: &str, wild: &str) -> bool {
    let (begun, parts): (Vec<&str>, Vec<&str>) = (begin.split('.').collect(), wild.split('.').collect());
    let last = begun.len().saturating_sub(1);
    begun.len() <= parts.len()
        && begun.iter().zip(&parts).enumerate().all(|(at, (begun, part))| {
            part.is_empty() || if at == last { part.starts_with(begun) } else { part == begun }
        })
}

impl FromStr for LinkPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "wamp" || text.starts_with("wamp.") {
            return Err("what begins with `wamp.` is each router's own".to_owned());
        }
        if text.contains(['*', ' ', '#']) {
            return Err(r#"write "shop." for a prefix and "a..c" for a wildcard"#.to_owned());
        }
        match text.strip_suffix('.') {
            Some(begin) if !begin.is_empty() && !begin.split('.').any(str::is_empty) => {
                Ok(Self::Prefix(text.to_owned()))
            }
            _ if text.is_empty() => Err(r#"it is empty: write "shop." for a prefix"#.to_owned()),
            _ if text.split('.').all(str::is_empty) => {
                Err("it has no component that says anything".to_owned())
            }
            _ if text.split('.').any(str::is_empty) => Ok(Self::Wildcard(text.to_owned())),
            _ => Ok(Self::Exact(text.to_owned())),
        }
    }
}

impl fmt::Display for LinkPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Exact(text) | Self::Prefix(text) | Self::Wildcard(text)) = self;
        f.write_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> LinkPattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_is_what_its_dots_say() {
        assert_eq!(pattern("a.b"), LinkPattern::Exact("a.b".into()));
        assert_eq!(pattern("a.b."), LinkPattern::Prefix("a.b.".into()));
        assert_eq!(pattern("a..c"), LinkPattern::Wildcard("a..c".into()));
        assert_eq!(pattern("a..c."), LinkPattern::Wildcard("a..c.".into()));
        for wrong in ["", ".", "..", "wamp.session.", "a.*", "a b"] {
            wrong.parse::<LinkPattern>().unwrap_err();
        }
    }

    #[test]
    fn an_example_is_a_uri_of_its_pattern() {
        for (text, example) in
            [("a.b", "a.b"), ("a.b.", "a.b.x"), ("a..c", "a.x.c"), ("a..c.", "a.x.c.x"), (".b", "x.b")]
        {
            assert_eq!(pattern(text).example("x"), example);
            assert!(pattern(text).overlaps(&LinkPattern::Exact(example.to_owned())));
        }
    }

    #[test]
    fn two_patterns_overlap_if_a_uri_is_in_both() {
        for (left, right, both) in [
            ("a.b", "a.b", true),
            ("a.b", "a.c", false),
            ("a.", "a.b.c", true),
            ("a.", "ab", false),
            ("a.", "a.b.", true),
            ("a.b.", "a.c.", false),
            ("a..c", "a.b.c", true),
            ("a..c", "a.b.d", false),
            ("a..c", "a.b", false),
            ("a..c", ".b.c", true),
            ("a..c", "a.b.", true),
            ("a..c", "b.", false),
            ("a..c", "a.b.c.", false),
            ("a..c.d", "a.x.c.", true),
        ] {
            let (one, other) = (pattern(left), pattern(right));
            assert_eq!((one.overlaps(&other), other.overlaps(&one)), (both, both), "{left} {right}");
        }
    }
}
