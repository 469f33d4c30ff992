//! From a target to a session, and from what went wrong to a line with a hint and the right exit status.

use super::json;
use super::output::{visible_below, visible_on_a_line};
use super::target::{Target, address};
use crate::failure::Failure;
use crate::stop::StopSignals;
use serverwamp::client::{Client, ClientBuilder, ClientError};
use serverwamp::{Value, WampError, uris};

/// Joins the realm of the target, unless it is asked to stop before.
///
/// # Errors
/// A connection or a login that was refused.
pub(super) async fn connect(target: &Target, signals: &mut StopSignals) -> Result<Client, Failure> {
    join(target, target.builder()?, signals).await
}

/// The same with what else the builder is told.
///
/// # Errors
/// As for [`connect`].
pub(super) async fn join(
    target: &Target,
    builder: ClientBuilder,
    signals: &mut StopSignals,
) -> Result<Client, Failure> {
    let joining =
        async { builder.await.map_err(|error| with_advice(refused(&error, target), &error, target)) };
    signals.unless(joining, "before there was a connection").await
}

/// The refusals that another login could turn into a welcome.
const OF_THE_LOGIN: [&str; 9] = [
    uris::error::AUTHENTICATION_DENIED,
    uris::error::AUTHENTICATION_FAILED,
    uris::error::AUTHENTICATION_REQUIRED,
    uris::error::AUTHORIZATION_FAILED,
    uris::error::NO_MATCHING_AUTH_METHOD,
    uris::error::NO_SUCH_PRINCIPAL,
    uris::error::NO_SUCH_ROLE,
    uris::error::NOT_AUTHORIZED,
    "wamp.error.no_auth_method",
];

/// Whether another login could turn this refusal into a welcome.
pub(super) fn is_of_the_login(refusal: &WampError) -> bool {
    OF_THE_LOGIN.contains(&refusal.uri())
}

/// Why there is no session, with what to do on the command line.
pub(super) fn refused(error: &ClientError, target: &Target) -> Failure {
    let text = in_options(&visible_below(&error.to_string()));
    match error {
        ClientError::Address { address, .. } => match address::fault(&target.url) {
            Some(why) => Failure::Usage(format!("{address:?} is no address of a router: {why}")),
            None => Failure::Usage(text),
        },
        ClientError::Settings(_) => Failure::Usage(text),
        // A file of this machine, which no router has to do with.
        ClientError::Tls { why, .. } if target.option_of_file(why).is_some() => {
            let option = target.option_of_file(why).unwrap_or_default();
            Failure::Usage(format!("{option}: {}", visible_below(why)))
        }
        ClientError::Refused(refusal) if is_of_the_login(refusal) => {
            let named = target.authid().map_or_else(String::new, |authid| {
                format!("the user is {authid:?}: check the name and what proves it, or ")
            });
            Failure::Authentication(format!(
                "{text}\n  {named}log in with --authid NAME and one of --secret-file, --ticket-file, --key; see serverwamp help call"
            ))
        }
        ClientError::Refused(refusal) => {
            let hint = match refusal.uri() == uris::error::NO_SUCH_REALM {
                true => format!("\n  the realm is {:?}: --realm chooses another one", target.realm),
                false => String::new(),
            };
            Failure::Answered(format!("{}{hint}", explained(refusal)))
        }
        ClientError::Challenge { .. } | ClientError::RouterProof(_) | ClientError::Login { .. } => {
            Failure::Authentication(text)
        }
        ClientError::Runtime(_) => Failure::Runtime(text),
        _ => Failure::Connection(text),
    }
}

/// The same, with who could look into a connection that failed.
pub(super) fn with_advice(failure: Failure, error: &ClientError, target: &Target) -> Failure {
    let Failure::Connection(text) = failure else { return failure };
    let here = target.url == super::target::DEFAULT_URL;
    if text.contains("Too many open files") {
        let advice = "this machine lets the process have no more of them: raise ulimit -n, or ask for fewer connections";
        return Failure::Runtime(format!("{text}\n  {advice}"));
    }
    Failure::Connection(match error {
        ClientError::Connect { .. } if here => {
            format!("{text}\n  is a router running there? serverwamp dev starts one; --url names another")
        }
        _ => format!("{text}\n  serverwamp doctor {} looks at each step", target.shown_url()),
    })
}

/// The words of the library's interface as those of the command line.
fn in_options(text: &str) -> String {
    const WORDS: [(&str, &str); 7] = [
        ("`.tls(..)` is set, and", "--tls-ca and --tls-certificates are for TLS, and"),
        (": add `.ticket(..)` or `.login(..)`", ""),
        ("`ClientTls::authorities`", "--tls-ca"),
        ("add `ClientTls::certificate`", "add --tls-certificates and --tls-key"),
        ("`ClientTls::certificate`", "--tls-certificates"),
        (", or name it with `ClientTls::server_name`", ""),
        ("`ClientTls::server_name`", "the name in its certificate"),
    ];
    WORDS.iter().fold(text.to_owned(), |text, (code, option)| text.replace(code, option))
}

/// An error of WAMP in full: its URI and text on the first line, and what else it carries on lines below.
pub(super) fn explained(error: &WampError) -> String {
    let mut text = visible_on_a_line(error.uri());
    let message = error.message();
    if let Some(message) = message {
        text.push_str(": ");
        text.push_str(&visible_below(message));
    }
    let rest = error.args().iter().skip(usize::from(message.is_some()));
    let kwargs = error.keyword_args().iter();
    let shown = |value: &Value| visible_below(&json::readable(value));
    let lines = rest.map(|arg| format!("\n  {}", shown(arg)));
    text.extend(lines);
    text.extend(kwargs.map(|(name, value)| format!("\n  {}={}", visible_on_a_line(name), shown(value))));
    text
}

/// The failure that an error of WAMP is: the connection's, if it was lost.
pub(super) fn failed(error: &WampError) -> Failure {
    match error.uri() {
        uris::error::NETWORK_FAILURE => Failure::Connection(explained(error)),
        _ => Failure::Answered(explained(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_shown_with_all_that_it_carries() {
        let error = WampError::new("shop.error.sold_out")
            .arg("no tea\u{1b}[2J\nor: forged")
            .arg(3)
            .kwarg("item", "tea");
        assert_eq!(
            explained(&error),
            "shop.error.sold_out: no tea\\u{1b}[2J\n  or: forged\n  3\n  item=\"tea\""
        );
        assert_eq!(explained(&WampError::new("a.b").arg(7)), "a.b\n  7");
    }

    #[test]
    fn hints_name_options_and_not_functions() {
        let text = "pass the file of its authority with `ClientTls::authorities` (x)";
        assert_eq!(in_options(text), "pass the file of its authority with --tls-ca (x)");
        let text = "is for another name: connect to that one, or name it with `ClientTls::server_name`";
        assert_eq!(in_options(text), "is for another name: connect to that one");
    }
}
