//! What a permission or a history of another router is for, and the same as a pattern of ours.

use crate::values::UriPattern;

/// The URIs of a permission or of a store.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Pattern {
    Exact(String),
    /// Every URI that starts with it, whether it ends with a dot or not.
    Prefix(String),
    /// The parts of a URI; an empty one is any.
    Wildcard(Vec<String>),
}

/// A pattern of ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Written {
    /// For the same URIs.
    Fully(String),
    /// For fewer: of a prefix without a dot at its end, the URI itself and those below it.
    Narrower([String; 2]),
    /// There is none.
    Not(String),
}

impl Pattern {
    /// Of `uri` and `match`. Without `match` a `*` stands for others, with it it does not.
    ///
    /// # Errors
    /// When there is no such kind of match, with the reason.
    pub(super) fn of(uri: &str, matching: Option<&str>) -> Result<Self, String> {
        let stars = uri.matches('*').count();
        let (uri, matching) = match (matching, uri.strip_suffix('*')) {
            (Some(matching), _) => (uri.to_owned(), matching),
            (None, _) if stars == 0 => (uri.to_owned(), "exact"),
            (None, Some(start)) if stars == 1 => (start.to_owned(), "prefix"),
            (None, _) => (uri.replace('*', ""), "wildcard"),
        };
        match matching {
            "prefix" => Ok(Self::Prefix(uri)),
            "wildcard" => Ok(Self::Wildcard(uri.split('.').map(str::to_owned).collect())),
            "exact" => Ok(Self::Exact(uri)),
            _ => Err("expected \"exact\", \"prefix\" or \"wildcard\"".to_owned()),
        }
    }

    /// Whether every URI of another one is also one of this.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(this), Self::Exact(other)) => this == other,
            (Self::Prefix(this), Self::Exact(other) | Self::Prefix(other)) => {
                other.starts_with(this.as_str())
            }
            (Self::Prefix(this), Self::Wildcard(parts)) => lead(parts).starts_with(this.as_str()),
            (Self::Wildcard(parts), Self::Exact(other)) => {
                parts.len() == other.split('.').count()
                    && parts
                        .iter()
                        .zip(other.split('.'))
                        .all(|(part, other)| part.is_empty() || part == other)
            }
            (Self::Wildcard(parts), Self::Wildcard(others)) => {
                parts.len() == others.len()
                    && parts.iter().zip(others).all(|(part, other)| part.is_empty() || part == other)
            }
            (Self::Exact(_), _) | (Self::Wildcard(_), Self::Prefix(_)) => false,
        }
    }

    /// Whether a URI may be one of both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Prefix(start), Self::Wildcard(parts)) | (Self::Wildcard(parts), Self::Prefix(start)) => {
                let lead = lead(parts);
                lead.starts_with(start.as_str()) || start.starts_with(&lead)
            }
            (Self::Wildcard(parts), Self::Wildcard(others)) => {
                let alike =
                    |(one, other): (&String, &String)| one.is_empty() || other.is_empty() || one == other;
                parts.len() == others.len() && parts.iter().zip(others).all(alike)
            }
            _ => self.covers(other) || other.covers(self),
        }
    }

    /// Whether it decides in place of another one, for some URIs: those that both have. In Crossbar.io a wildcard comes before every prefix.
    pub(super) fn comes_before(&self, other: &Self) -> bool {
        let after = matches!((self, other), (Self::Prefix(_), Self::Wildcard(_)));
        !after && other.meets(self) && !self.covers(other)
    }

    /// As one of ours.
    pub(super) fn written(&self) -> Written {
        let has_star = match self {
            Self::Exact(uri) | Self::Prefix(uri) => uri.contains('*'),
            Self::Wildcard(parts) => parts.iter().any(|part| part.contains('*')),
        };
        if has_star {
            return Written::Not(
                "with a `match`, a `*` stands for itself in Crossbar.io, so that this matches nothing"
                    .to_owned(),
            );
        }
        let text = match self {
            Self::Exact(uri) => uri.clone(),
            Self::Prefix(start) if start.is_empty() => "*".to_owned(),
            Self::Prefix(start) => match start.strip_suffix('.') {
                Some(start) => format!("{start}.*"),
                None => {
                    return match checked(start.clone()) {
                        Written::Fully(uri) => Written::Narrower([uri, format!("{start}.*")]),
                        other => other,
                    };
                }
            },
            Self::Wildcard(parts) if parts.last().is_some_and(String::is_empty) => {
                return Written::Not(
                    "a wildcard for the last part of a URI alone cannot be written: `*` at the end stands for all that follows"
                        .to_owned(),
                );
            }
            Self::Wildcard(parts) => {
                let parts: Vec<&str> =
                    parts.iter().map(|part| if part.is_empty() { "*" } else { part }).collect();
                parts.join(".")
            }
        };
        checked(text)
    }

    /// Whether all of its URIs are the router's own.
    pub(super) fn is_reserved(&self) -> bool {
        match self {
            Self::Exact(uri) | Self::Prefix(uri) => uri == "wamp" || uri.starts_with("wamp."),
            Self::Wildcard(parts) => parts.first().is_some_and(|part| part == "wamp"),
        }
    }

    /// Whether it is a topic of the meta API, if it is a single URI of it at all.
    pub(super) fn meta_topic(&self) -> Option<bool> {
        let Self::Exact(uri) = self else { return None };
        Some(uri.rsplit('.').next().is_some_and(|last| last.starts_with("on_")))
    }
}

/// The text before the first part that is any.
fn lead(parts: &[String]) -> String {
    let mut lead = String::new();
    for part in parts.iter().take_while(|part| !part.is_empty()) {
        lead.push_str(part);
        lead.push('.');
    }
    lead
}

fn checked(text: String) -> Written {
    match UriPattern::new(text.clone()).pattern() {
        Ok(_) => Written::Fully(text),
        Err(why) => Written::Not(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(uri: &str, matching: &str) -> Pattern {
        Pattern::of(uri, (!matching.is_empty()).then_some(matching)).unwrap()
    }

    #[test]
    fn patterns_become_ours() {
        let fully = |text: &str| Written::Fully(text.to_owned());
        for (uri, matching, written) in [
            ("", "prefix", fully("*")),
            ("*", "", fully("*")),
            ("com.example.", "prefix", fully("com.example.*")),
            ("com.example.*", "", fully("com.example.*")),
            ("com.example.add2", "exact", fully("com.example.add2")),
            ("com.example.add2", "", fully("com.example.add2")),
            ("com..status", "wildcard", fully("com.*.status")),
            ("com.*.status", "", fully("com.*.status")),
            (".a", "wildcard", fully("*.a")),
            ("com.a", "prefix", Written::Narrower(["com.a".to_owned(), "com.a.*".to_owned()])),
        ] {
            assert_eq!(pattern(uri, matching).written(), written, "{uri:?} {matching:?}");
        }
        for (uri, matching) in [
            ("*", "prefix"),
            ("com.example.*", "exact"),
            ("com..", "wildcard"),
            ("com..a", "exact"),
            ("", "exact"),
            ("a b", "exact"),
            ("a#", "prefix"),
            (".a.", "prefix"),
        ] {
            assert!(matches!(pattern(uri, matching).written(), Written::Not(_)), "{uri:?} {matching:?}");
        }
    }

    #[test]
    fn one_pattern_covers_another() {
        let all = pattern("", "prefix");
        let shop = pattern("shop.", "prefix");
        let wild = pattern("shop..price", "wildcard");
        let price = pattern("shop.tea.price", "exact");
        assert!(all.covers(&shop) && shop.covers(&wild) && wild.covers(&price) && shop.covers(&price));
        assert!(!shop.covers(&all) && !wild.covers(&shop) && !price.covers(&wild));
        assert!(wild.comes_before(&shop) && !shop.comes_before(&wild) && price.comes_before(&wild));
        assert!(shop.comes_before(&all) && !all.comes_before(&shop) && !wild.comes_before(&price));
        assert!(wild.meets(&pattern("shop.tea.", "prefix")) && !wild.meets(&pattern("stop.", "prefix")));
        assert!(wild.meets(&pattern(".tea.", "wildcard")) && !wild.meets(&pattern("..stock", "wildcard")));
    }
}
