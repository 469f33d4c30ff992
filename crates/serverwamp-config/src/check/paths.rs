//! The paths within a listener: their form, and which of them conflict.

use super::Checking;
use crate::codes;
use crate::mistake::Mistake;
use crate::model::{Listener, Service};
use crate::node::Place;
use crate::reading::At;

/// A path that a listener serves.
#[derive(Clone, Copy)]
struct Served<'a> {
    what: &'static str,
    path: &'a str,
    place: Option<&'a Place>,
    /// Whether every path below it is its own too.
    has_below: bool,
}

impl Checking<'_> {
    pub(super) fn paths(&mut self, listener: &At<Listener>) {
        let served = served(listener);
        for (number, one) in served.iter().enumerate() {
            if let Some(why) = malformed(one.path) {
                let title = format!("{:?} is no path: {why}", one.path);
                self.add(
                    Mistake::new(&codes::BAD_PATH, title).at_if(one.place).help("write it as in \"/ws\""),
                );
                continue;
            }
            let Some(other) = served[..number].iter().find(|other| conflict(one, other)) else { continue };
            let (one, other) = if one.place.is_some() { (one, other) } else { (other, one) };
            let title =
                format!("{} at {:?} and {} at {:?} conflict", other.what, other.path, one.what, one.path);
            let at = one.place.or_else(|| listener.address.place()).or_else(|| listener.place());
            self.add(
                Mistake::new(&codes::PATHS_CONFLICT, title)
                    .at_if(at)
                    .related(other.place, "the other")
                    .help("within one listener every path leads to one thing: give one of them another path"),
            );
        }
    }
}

/// Everything that has a path, the fixed ones last, so that the blame is on what can be changed.
fn served(listener: &Listener) -> Vec<Served<'_>> {
    let fixed = |what, path| Served { what, path, place: None, has_below: false };
    let mut served = Vec::new();
    if listener.serves(Service::WebSocket) {
        for path in listener.websocket.path.iter() {
            let (path, place) = (path.as_str(), path.place());
            served.push(Served { what: "the WebSocket", path, place, has_below: false });
        }
    }
    if listener.serves(Service::LongPoll) {
        let path = &listener.long_poll.path;
        served.push(Served {
            what: "long-polling",
            path: path.as_str(),
            place: path.place(),
            has_below: true,
        });
    }
    if listener.serves(Service::Console) {
        let path = &listener.console.path;
        let place = path.place();
        served.push(Served { what: "the console", path: path.as_str(), place, has_below: true });
    }
    for files in listener.files.iter() {
        let place = files.path.place().or_else(|| files.place());
        served.push(Served { what: "a folder", path: files.path.as_str(), place, has_below: false });
    }
    if listener.serves(Service::Metrics) {
        served.push(fixed("the metrics", "/metrics"));
    }
    if listener.serves(Service::Health) {
        served.push(fixed("the health", "/healthz"));
        served.push(fixed("the health", "/readyz"));
    }
    served
}

fn malformed(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some("it does not start with `/`".to_owned());
    }
    if path.contains("//") {
        return Some("a part between two slashes is empty".to_owned());
    }
    let wrong = |letter: &char| letter.is_whitespace() || letter.is_control() || "?#*{}".contains(*letter);
    path.chars().find(wrong).map(|letter| format!("{letter:?} is not allowed in one"))
}

fn conflict(one: &Served<'_>, other: &Served<'_>) -> bool {
    let plain = |path: &str| path.trim_end_matches('/').to_owned();
    let (a, b) = (plain(one.path), plain(other.path));
    let below = |above: &str, path: &str| path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'));
    a == b || (one.has_below && below(&a, &b)) || (other.has_below && below(&b, &a))
}
