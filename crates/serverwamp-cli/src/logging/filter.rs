//! Which lines are logged: a level for all, and others for targets.
//!
//! In: directives such as `info,serverwamp::auth=debug`, or how often `-v` was given. Out: a [`LogFilter`], or the directive that
//! cannot be followed, its place, and what to write. Invariant: a directive that is accepted has an effect, as far as this can be
//! known here: levels are levels, and no area of the framework is misspelt.

use serverwamp_config::distance;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// The framework's and the program's targets: `serverwamp::` and one of these; docs/logs.md has a row for each.
const AREAS: [&str; 15] = [
    "audit", "auth", "call", "client", "denied", "event", "internal", "log", "panic", "program", "proxy",
    "refused", "server", "session", "tls",
];

/// The target of the audit log.
const AUDIT: &str = "serverwamp::audit";

/// The library's target, of which all areas are part.
const OURS: &str = "serverwamp";

const LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// A level for all lines and others for targets, of which the longest that fits decides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LogFilter {
    all: LevelFilter,
    targets: Vec<(String, LevelFilter)>,
}

/// Why a text is no [`LogFilter`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BadFilter {
    /// The place of the directive in the text, in bytes.
    pub(crate) place: Range<usize>,
    /// What is wrong, and what to write.
    pub(crate) why: String,
}

impl LogFilter {
    /// What `-v` stands for: of ours more than of the libraries below.
    pub(crate) fn by_count(verbose: u8) -> Self {
        let (ours, all) = match verbose {
            0 => (LevelFilter::WARN, LevelFilter::ERROR),
            1 => (LevelFilter::INFO, LevelFilter::WARN),
            2 => (LevelFilter::DEBUG, LevelFilter::INFO),
            _ => (LevelFilter::TRACE, LevelFilter::DEBUG),
        };
        Self { all, targets: vec![(OURS.to_owned(), ours)] }
    }

    /// This filter as an administrator may set it: whoever acts must not be able to hide it, so the lines of the audit log stay.
    ///
    /// # Errors
    /// When it names the audit log, and asks for less than its lines.
    pub(crate) fn with_audit(mut self) -> Result<Self, String> {
        if self.targets().would_enable(AUDIT, &Level::INFO) {
            return Ok(self);
        }
        if let Some((_, level)) = self.targets.iter().find(|(name, _)| name == AUDIT) {
            return Err(format!(
                "{AUDIT}={level} would hide what administrators do, and only the start of the program may do that: leave it out"
            ));
        }
        self.targets.push((AUDIT.to_owned(), LevelFilter::INFO));
        Ok(self)
    }

    pub(super) fn targets(&self) -> Targets {
        Targets::new().with_default(self.all).with_targets(self.targets.iter().cloned())
    }
}

impl FromStr for LogFilter {
    type Err = BadFilter;

    fn from_str(text: &str) -> Result<Self, BadFilter> {
        let (mut all, mut targets) = (None, Vec::<(String, LevelFilter)>::new());
        let mut at = 0;
        for part in text.split(',') {
            let directive = part.trim();
            let start = at + (part.len() - part.trim_start().len());
            let bad = |why| BadFilter { place: start..start + directive.len(), why };
            at += part.len() + 1;
            match directive.split_once('=') {
                None => {
                    if all.replace(level(directive).map_err(bad)?).is_some() {
                        return Err(bad(format!(
                            "{directive:?} is a second level for all targets: keep one"
                        )));
                    }
                }
                Some((name, wanted)) => {
                    let (name, wanted) = (name.trim(), level(wanted.trim()).map_err(bad)?);
                    check_target(name).map_err(bad)?;
                    if targets.iter().any(|(other, _)| other == name) {
                        return Err(bad(format!("the target {name} has a level already: keep one")));
                    }
                    targets.push((name.to_owned(), wanted));
                }
            }
        }
        Ok(Self { all: all.unwrap_or(LevelFilter::OFF), targets })
    }
}

fn level(word: &str) -> Result<LevelFilter, String> {
    let found = LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    if let Some((_, level)) = found {
        return Ok(*level);
    }
    let names = "error, warn, info, debug, trace or off";
    if word.is_empty() {
        return Err(format!("a level is missing: write {names}"));
    }
    let near = LEVELS.iter().map(|(name, _)| (distance(word, name), *name)).min();
    Err(match near {
        Some((letters, name)) if letters <= 2 => format!("{word:?} is no level: write {name}"),
        _ if is_target(word) => format!("{word:?} is no level: write {names}, or {word}=trace for a target"),
        _ => format!("{word:?} is no level: write {names}"),
    })
}

fn is_target(word: &str) -> bool {
    word.split("::").all(|part| {
        !part.is_empty() && part.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter))
    })
}

fn check_target(name: &str) -> Result<(), String> {
    if !is_target(name) {
        return Err(format!("{name:?} is no target: write a name such as serverwamp::auth or hyper"));
    }
    let Some(area) = name.strip_prefix(OURS).and_then(|rest| rest.strip_prefix("::")) else { return Ok(()) };
    if AREAS.contains(&area) {
        return Ok(());
    }
    let near = AREAS.iter().map(|known| (distance(area, known), *known)).min();
    Err(match near {
        Some((letters, known)) if letters <= 2 => {
            format!("there is no target {name}: write {OURS}::{known}")
        }
        _ => format!("there is no target {name}: write {OURS}:: and one of {}", AREAS.join(", ")),
    })
}

impl fmt::Display for BadFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {}: {}", self.place.start + 1, self.why)
    }
}

impl std::error::Error for BadFilter {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn refused(text: &str) -> (String, String) {
        let bad = text.parse::<LogFilter>().unwrap_err();
        (text[bad.place.clone()].to_owned(), bad.to_string())
    }

    #[test]
    fn the_longest_target_that_fits_decides() {
        let filter: LogFilter = "info, serverwamp::auth = DEBUG,serverwamp=warn,hyper=off".parse().unwrap();
        let targets = filter.targets();
        for (target, most) in [
            ("serverwamp::auth", Some(Level::DEBUG)),
            ("serverwamp::session", Some(Level::WARN)),
            ("tokio", Some(Level::INFO)),
            ("hyper::proto", None),
        ] {
            for level in [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
                let wanted = most.is_some_and(|most| level <= most);
                assert_eq!(targets.would_enable(target, &level), wanted, "{target} {level}");
            }
        }
        let some: LogFilter = "serverwamp::call=debug".parse().unwrap();
        assert!(!some.targets().would_enable("serverwamp::session", &Level::ERROR), "nothing else");
    }

    #[test]
    fn a_wrong_directive_is_named_with_its_place_and_what_to_write() {
        for (text, directive, said) in [
            ("inof", "inof", "at character 1: \"inof\" is no level: write info"),
            (
                "info, serverwamp::auth=debgu",
                "serverwamp::auth=debgu",
                "at character 7: \"debgu\" is no level: write debug",
            ),
            (
                "warn,serverwamp::sesion=info",
                "serverwamp::sesion=info",
                "at character 6: there is no target serverwamp::sesion: write serverwamp::session",
            ),
            (
                "serverwamp::nothing_like_it=info",
                "serverwamp::nothing_like_it=info",
                "at character 1: there is no target serverwamp::nothing_like_it: write serverwamp:: and one of audit, auth, call, client, denied, event, internal, log, panic, program, proxy, refused, server, session, tls",
            ),
            (
                "hyper",
                "hyper",
                "at character 1: \"hyper\" is no level: write error, warn, info, debug, trace or off, or hyper=trace for a target",
            ),
            ("", "", "at character 1: a level is missing: write error, warn, info, debug, trace or off"),
            ("info,", "", "at character 6: a level is missing: write error, warn, info, debug, trace or off"),
            ("a=", "a=", "at character 1: a level is missing: write error, warn, info, debug, trace or off"),
            (
                "a b=info",
                "a b=info",
                "at character 1: \"a b\" is no target: write a name such as serverwamp::auth or hyper",
            ),
            (
                "=info",
                "=info",
                "at character 1: \"\" is no target: write a name such as serverwamp::auth or hyper",
            ),
            ("info,debug", "debug", "at character 6: \"debug\" is a second level for all targets: keep one"),
            ("a=info,a=debug", "a=debug", "at character 8: the target a has a level already: keep one"),
        ] {
            assert_eq!(refused(text), (directive.to_owned(), said.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_administrator_cannot_silence_the_audit_log() {
        for text in ["off", "error", "serverwamp=off,info", "info,serverw=warn", "hyper=trace"] {
            let targets = text.parse::<LogFilter>().unwrap().with_audit().unwrap().targets();
            assert!(targets.would_enable(AUDIT, &Level::INFO), "{text}");
            let before = text.parse::<LogFilter>().unwrap().targets();
            for other in ["serverwamp::auth", "hyper", "tokio"] {
                assert_eq!(
                    targets.would_enable(other, &Level::WARN),
                    before.would_enable(other, &Level::WARN),
                    "{text} {other}"
                );
            }
        }
        for text in ["info", "debug,hyper=off", "off,serverwamp::audit=trace", "serverwamp=info"] {
            let filter: LogFilter = text.parse().unwrap();
            assert_eq!(filter.clone().with_audit(), Ok(filter), "{text} has them already");
        }
        for text in ["serverwamp::audit=off", "info,serverwamp::audit=warn"] {
            let refused = text.parse::<LogFilter>().unwrap().with_audit().unwrap_err();
            assert!(
                refused.starts_with("serverwamp::audit=") && refused.ends_with("leave it out"),
                "{refused}"
            );
        }
    }

    #[test]
    fn more_is_said_with_each_v() {
        let most = |verbose, target| {
            let targets = LogFilter::by_count(verbose).targets();
            let levels = [Level::TRACE, Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
            levels.into_iter().find(|level| targets.would_enable(target, level)).unwrap()
        };
        assert_eq!(
            [0, 1, 2, 3].map(|verbose| most(verbose, "serverwamp::call")),
            [Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|verbose| most(verbose, "hyper")),
            [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG]
        );
    }

    #[test]
    fn the_areas_are_those_of_the_document() {
        let document = include_str!("../../../../docs/logs.md");
        let rows =
            document.lines().filter_map(|line| line.strip_prefix("| `serverwamp::")?.split('`').next());
        assert_eq!(rows.collect::<BTreeSet<_>>(), BTreeSet::from(AREAS));
    }
}
