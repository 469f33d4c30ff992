//! The rules for roles.

use crate::base::error::Problem;
use std::panic::Location;

/// What is wrong with a role of the realm `name`. Nobody means one to be empty, or to have white space in it: that is the trace
/// of a setting that was not there, or of a line's end.
pub(super) fn problem(name: &str, authrole: &str, place: &'static Location<'static>) -> Option<Problem> {
    let wrong = authrole.is_empty() || authrole.contains(|c: char| c.is_whitespace() || c.is_control());
    wrong.then(|| {
        let text = format!(
            "realm {name:?} has the role {authrole:?}: a role has one character at least, none of them white space or a \
             control character"
        );
        Problem::new(place, text)
    })
}
