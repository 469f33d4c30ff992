//! The rules URIs keep: loose or strict, for exact URIs and for prefix and wildcard patterns.
//!
//! A URI is text cut into components by dots. The checks are one scan over its bytes and agree with the regular
//! expressions of the specification (basic, "URIs"); nothing is folded, decoded or normalised, so two URIs are equal
//! only when their code points are. None starts with NUL, which those would let through: JSON has no such text.

use crate::pattern::Match;

/// The characters that a component may hold.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Strictness {
    /// Anything but white space, `.` and `#`, and NUL at the start of a URI.
    #[default]
    Loose,
    /// `0-9`, `a-z` and `_`.
    Strict,
}

/// A realm's rules for URIs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UriRules {
    /// The characters that components may hold.
    pub strictness: Strictness,
    /// The longest URI in bytes. A limit keeps the tables, which hold every URI peers come up with, from growing by
    /// megabytes a message; 1024 is several times what applications use.
    pub max_length: usize,
    /// The most components of a URI. 32 keeps the depth of wildcard matching small.
    pub max_components: usize,
}

/// Why a URI is not valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UriError {
    /// A component is empty where the form does not allow it.
    #[error("component {0} is empty")]
    EmptyComponent(usize),
    /// A component holds a character the rules exclude.
    #[error("character {0:?} is not allowed")]
    Character(char),
    /// The URI has too many bytes.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// The URI has too many components.
    #[error("more than {0} components")]
    TooManyComponents(usize),
}

impl UriRules {
    /// The loose rules with the default limits.
    pub const fn loose() -> Self {
        Self { strictness: Strictness::Loose, max_length: 1024, max_components: 32 }
    }

    /// The strict rules with the default limits.
    pub const fn strict() -> Self {
        Self { strictness: Strictness::Strict, ..Self::loose() }
    }

    /// Checks `uri` as an exact URI, a prefix pattern or a wildcard pattern.
    ///
    /// A prefix may have an empty last component, a wildcard pattern may have empty components anywhere.
    ///
    /// # Errors
    /// The first rule that `uri` breaks.
    pub fn check(&self, uri: &str, form: Match) -> Result<(), UriError> {
        if uri.len() > self.max_length {
            return Err(UriError::TooLong(self.max_length));
        }
        let mut components = 0;
        let mut start = 0;
        let mut ascii = true;
        let bytes = uri.as_bytes();
        if bytes.first() == Some(&0) {
            return Err(UriError::Character('\0'));
        }
        for (index, &byte) in bytes.iter().enumerate() {
            if byte == b'.' {
                if index == start && form != Match::Wildcard {
                    return Err(UriError::EmptyComponent(components));
                }
                components += 1;
                start = index + 1;
            } else if byte >= 0x80 {
                ascii = false;
            } else if !self.allows_ascii(byte) {
                return Err(UriError::Character(char::from(byte)));
            }
        }
        if start == bytes.len() && form == Match::Exact {
            return Err(UriError::EmptyComponent(components));
        }
        if components >= self.max_components {
            return Err(UriError::TooManyComponents(self.max_components));
        }
        if ascii { Ok(()) } else { self.check_beyond_ascii(uri) }
    }

    /// Checks a name of one component, such as an authid or a role ("wampname").
    ///
    /// # Errors
    /// The first rule that `name` breaks.
    pub fn check_name(&self, name: &str) -> Result<(), UriError> {
        match name.contains('.') {
            true => Err(UriError::Character('.')),
            false => self.check(name, Match::Exact),
        }
    }

    fn allows_ascii(&self, byte: u8) -> bool {
        match self.strictness {
            Strictness::Strict => matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'_'),
            Strictness::Loose => !matches!(byte, b'#' | b' ' | 0x09..=0x0d),
        }
    }

    fn check_beyond_ascii(&self, uri: &str) -> Result<(), UriError> {
        let refused =
            |c: &char| !c.is_ascii() && (self.strictness == Strictness::Strict || c.is_whitespace());
        match uri.chars().find(refused) {
            Some(c) => Err(UriError::Character(c)),
            None => Ok(()),
        }
    }
}

impl Default for UriRules {
    fn default() -> Self {
        Self::loose()
    }
}

/// Returns whether the URI is the protocol's own: its first component is `wamp`.
///
/// Nobody but the router registers or publishes there; calling and subscribing is open. Spec: basic, "Reserved URIs".
pub fn is_reserved(uri: &str) -> bool {
    match uri.strip_prefix("wamp") {
        Some(rest) => rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(uri: &str, form: Match) -> bool {
        UriRules::loose().check(uri, form).is_ok()
    }

    #[test]
    fn uri_02_components_hold_no_dot_hash_or_white_space() {
        for uri in ["a b", "a#b", "a\tb", "a\n", " a", "a.\u{a0}b", "a.b\u{2003}", "a\u{b}b", "a.b\u{3000}c"]
        {
            for form in [Match::Exact, Match::Prefix, Match::Wildcard] {
                assert!(matches!(UriRules::loose().check(uri, form), Err(UriError::Character(_))), "{uri:?}");
            }
        }
        // JSON has no text that starts with NUL.
        for form in [Match::Exact, Match::Prefix, Match::Wildcard] {
            assert_eq!(UriRules::loose().check("\0a", form), Err(UriError::Character('\0')));
        }
        for uri in ["a", "com.Äpp", "a-b.C/d", "com.my-app", "日本.語", "a\u{0}b"] {
            assert!(loose(uri, Match::Exact), "{uri:?}");
        }
    }

    #[test]
    fn uri_03_exact_uris_have_no_empty_component() {
        for uri in ["", ".", "a..b", ".a", "a.", ".."] {
            assert!(!loose(uri, Match::Exact), "{uri:?}");
        }
    }

    #[test]
    fn uri_04_wildcard_patterns_may_have_empty_components_anywhere() {
        for uri in ["", ".", "..", "com..x", ".a", "a.", "a", "a.b"] {
            assert!(loose(uri, Match::Wildcard), "{uri:?}");
        }
    }

    #[test]
    fn uri_05_only_the_last_component_of_a_prefix_may_be_empty() {
        for uri in ["", "a", "a.", "a.b.", "a.b"] {
            assert!(loose(uri, Match::Prefix), "{uri:?}");
        }
        for uri in [".", "..", "a..", "a..b", ".a"] {
            assert!(!loose(uri, Match::Prefix), "{uri:?}");
        }
    }

    #[test]
    fn uri_06_strict_rules_know_digits_lower_case_letters_and_underscores() {
        for uri in ["com.my-app", "com.App", "com.äpp", "a b"] {
            assert!(UriRules::strict().check(uri, Match::Exact).is_err(), "{uri:?}");
        }
        assert!(UriRules::strict().check("com.my_app.2", Match::Exact).is_ok());
    }

    #[test]
    fn uri_09_wamp_is_reserved_as_a_whole_component() {
        assert!(is_reserved("wamp"));
        assert!(is_reserved("wamp.foo"));
        assert!(is_reserved("wamp."));
        assert!(!is_reserved("wampx.foo"));
        assert!(!is_reserved("a.wamp"));
    }

    #[test]
    fn limits_hold_at_the_limit_and_break_beyond_it() {
        assert!(loose(&"a".repeat(1024), Match::Exact));
        assert!(!loose(&"a".repeat(1025), Match::Exact));
        assert!(loose(&vec!["a"; 32].join("."), Match::Exact));
        assert!(!loose(&vec!["a"; 33].join("."), Match::Exact));
        assert!(loose(&".".repeat(31), Match::Wildcard));
        assert!(!loose(&".".repeat(32), Match::Wildcard));
    }

    #[test]
    fn names_are_one_component() {
        assert!(UriRules::loose().check_name("peter@example").is_ok());
        for name in ["", "a.b", "a b", "a#"] {
            assert!(UriRules::loose().check_name(name).is_err(), "{name:?}");
        }
    }
}
