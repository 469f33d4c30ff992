//! Transcripts as steps: which peer does what, line by line.

use super::pattern::{Pattern, string_end};
use super::set_up::{self, Endpoint, ReachingCall};

/// One line of a transcript.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Counted from 1, in the text as it was given.
    pub(super) line: usize,
    /// The line without its comment.
    pub(super) text: String,
    pub(super) action: Action,
}

/// The meaning of a line.
#[derive(Clone, Debug)]
pub(super) enum Action {
    /// No two of these variables stand for the same value.
    AllDifferent(Vec<String>),
    /// A peer does something, or something happens to it.
    Peer(String, Deed),
}

/// An action of a peer, or an event that happens to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    Connects,
    Joins(Join),
    Registers(Endpoint),
    Subscribes(Endpoint),
    Calls(ReachingCall),
    Sends(Pattern),
    Receives(Pattern),
    ReceivesAll(Vec<Pattern>),
    IsSilent,
    SaysGoodbye,
    IsLost,
    IsClosed,
    StopsReading,
    ReadsAgain,
}

/// The way a peer joins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Join {
    pub(super) realm: String,
    /// Authid and ticket.
    pub(super) ticket: Option<(String, String)>,
    /// The details of HELLO that replace the usual ones, by key.
    pub(super) details: Option<Pattern>,
}

/// Reads a transcript.
///
/// # Errors
///
/// At the first line that says nothing a transcript can say.
pub(super) fn parse(text: &str) -> Result<Vec<Step>, String> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, without_comment(line)));
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty()).peekable();
    let base = lines.peek().map_or(0, |(_, line)| indentation(line));
    let mut steps = Vec::new();
    while let Some((number, line)) = lines.next() {
        let mut below = Vec::new();
        while let Some((_, deeper)) = lines.next_if(|(_, line)| indentation(line) > base) {
            below.push(deeper);
        }
        let line = line.trim();
        let action = read(line, &below).map_err(|reason| format!("line {number}: {line}\n  {reason}"))?;
        steps.push(Step { line: number, text: line.to_owned(), action });
    }
    if steps.is_empty() { Err("an empty transcript shows nothing".to_owned()) } else { Ok(steps) }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The line up to a `#` outside of strings that begins it or stands behind two spaces.
fn without_comment(line: &str) -> &str {
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        if rest.starts_with('#') && (line[..at].trim().is_empty() || line[..at].ends_with("  ")) {
            return &line[..at];
        }
        at += string_end(rest).unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
    }
    line
}

fn read(line: &str, below: &[&str]) -> Result<Action, String> {
    if let Some(names) = line.strip_prefix("all different ") {
        let names = names.split_whitespace().map(|name| name.strip_prefix('$').map(str::to_owned));
        return Ok(Action::AllDifferent(names.collect::<Option<_>>().ok_or("these are no variables")?));
    }
    let (peer, deed) = line.split_once(' ').ok_or("who does what?")?;
    if !is_peer(peer) {
        return Err(format!("{peer:?} is no name of a peer"));
    }
    if deed == "< any of" {
        let items = items(below).iter().map(|item| Pattern::parse(item)).collect::<Result<Vec<_>, _>>()?;
        if items.len() < 2 {
            return Err("several lines are due below, indented".to_owned());
        }
        return Ok(Action::Peer(peer.to_owned(), Deed::ReceivesAll(items)));
    }
    let deed = [deed].into_iter().chain(below.iter().map(|line| line.trim())).collect::<Vec<_>>().join(" ");
    Ok(Action::Peer(peer.to_owned(), read_deed(&deed)?))
}

/// Returns whether a peer can have this name.
pub(super) fn is_peer(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// One text for each line of the least indentation, with the deeper ones behind it.
fn items(below: &[&str]) -> Vec<String> {
    let base = below.iter().map(|line| indentation(line)).min().unwrap_or(0);
    let mut items: Vec<String> = Vec::new();
    for line in below {
        match items.last_mut() {
            Some(item) if indentation(line) > base => {
                item.push(' ');
                item.push_str(line.trim());
            }
            _ => items.push(line.trim().to_owned()),
        }
    }
    items
}

fn read_deed(deed: &str) -> Result<Deed, String> {
    if let Some(message) = deed.strip_prefix("> ") {
        return Ok(Deed::Sends(Pattern::parse(message)?));
    }
    if let Some(message) = deed.strip_prefix("< ") {
        return Ok(Deed::Receives(Pattern::parse(message)?));
    }
    if deed == "joins" {
        return read_join("");
    }
    if let Some(how) = deed.strip_prefix("joins ") {
        return read_join(how);
    }
    if let Some(deed) = set_up::read(deed)? {
        return Ok(deed);
    }
    Ok(match deed {
        "connects" => Deed::Connects,
        "silent" => Deed::IsSilent,
        "says goodbye" => Deed::SaysGoodbye,
        "lost" => Deed::IsLost,
        "closed" => Deed::IsClosed,
        "stops reading" => Deed::StopsReading,
        "reads again" => Deed::ReadsAgain,
        other => return Err(format!("no peer can {other:?}")),
    })
}

fn read_join(how: &str) -> Result<Deed, String> {
    let (words, details) = how.split_at(how.find('{').unwrap_or(how.len()));
    let details = if details.is_empty() { None } else { Some(Pattern::parse(details)?) };
    let (realm, ticket) = match words.split_whitespace().collect::<Vec<_>>()[..] {
        [] => ("realm1", None),
        [realm] => (realm, None),
        ["as", authid, ticket] => ("realm1", Some((authid, ticket))),
        [realm, "as", authid, ticket] => (realm, Some((authid, ticket))),
        _ => return Err("joins [REALM] [as AUTHID TICKET] [DETAILS]".to_owned()),
    };
    let ticket = ticket.map(|(authid, ticket)| (authid.to_owned(), ticket.to_owned()));
    Ok(Deed::Joins(Join { realm: realm.to_owned(), ticket, details }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deed(text: &str) -> Deed {
        match parse(text).unwrap().remove(0).action {
            Action::Peer(_, deed) => deed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lines_are_counted_and_comments_are_none() {
        let steps = parse("\n    # first\n    bob connects  # \"now\"\n\n    bob > [\"a  # b\"]\n").unwrap();
        assert_eq!(steps.iter().map(|step| step.line).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(steps[1].text, "bob > [\"a  # b\"]");
    }

    #[test]
    fn deeper_lines_belong_to_the_one_above() {
        let both = Deed::Receives(Pattern::parse("[1, {}]").unwrap());
        assert_eq!(deed("bob < [1,\n    {}]"), both);
        let Deed::ReceivesAll(all) = deed("bob < any of\n  [1,\n    {}]\n  [2, 3]") else { panic!("any of") };
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn joining_takes_a_realm_a_ticket_and_details() {
        let Deed::Joins(join) = deed("bob joins realm2 as joe secret {\"a\": 1}") else { panic!("joins") };
        assert_eq!((join.realm.as_str(), join.details.is_some()), ("realm2", true));
        assert_eq!(join.ticket, Some(("joe".to_owned(), "secret".to_owned())));
        let Deed::Joins(join) = deed("bob joins") else { panic!("joins") };
        assert_eq!((join.realm.as_str(), join.ticket), ("realm1", None));
    }

    #[test]
    fn what_nobody_can_do_is_refused() {
        for text in
            ["", "bob", "bob sings", "Bob joins", "bob < any of\n  [1]", "bob joins a b c", "bob > [1"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
