//! `serverwamp why SESSION ...`: whether a live session may do something.

use super::answers::shown;
use super::{AdminClient, AdminOptions, with_admin};
use crate::failure::Failure;
use crate::shell::output::Out;
use crate::stop::StopSignals;
use serverwamp::{Dict, Value};

/// Asks the running server, and prints what it says; ends with status 1 if the answer is no.
pub(crate) fn ask(
    options: &AdminOptions,
    session: u64,
    (action, meant, uri): (&str, &str, &str),
) -> Result<(), Failure> {
    let mut arguments = Dict::new();
    arguments.insert("session", session);
    arguments.insert("action", action);
    arguments.insert("match", meant);
    arguments.insert("uri", uri);
    with_admin(options, async |admin: &AdminClient, signals: &mut StopSignals| {
        let asking = admin.ask_of_realm("serverwamp.auth.explain", arguments);
        let answer = signals.unless(asking, "before the server had answered").await?;
        let is = |field: &str| answer.get(field).and_then(Value::as_bool).unwrap_or_default();
        let verdict = match (is("allowed"), is("asks_authorizer")) {
            (true, _) => "yes",
            (false, true) => "it depends",
            (false, false) => "no",
        };
        Out::plain().line(&format!("{verdict}: {}", shown(&answer, "why")))?;
        if is("allowed") { Ok(()) } else { Err(Failure::Refused) }
    })
}
