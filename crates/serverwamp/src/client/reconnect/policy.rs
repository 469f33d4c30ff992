//! When a client comes back, and when it does not.

use crate::client::end::SessionEnd;
use crate::client::error::ClientError;
use crate::peering::WhileDisconnected;
use serverwamp_proto::uris::{close, error};
use std::time::Duration;

/// How a client reconnects, with the reason for each default; set with
/// [`ClientBuilder::reconnect`](crate::client::ClientBuilder::reconnect).
///
/// ```no_run
/// # #[cfg(feature = "tokio")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use serverwamp::client::{Client, Reconnect};
/// use std::time::Duration;
///
/// let reconnect = Reconnect::new().most(Duration::from_secs(5)).from_the_start();
/// let client = Client::connect("ws://localhost:8080/ws").realm("realm1").reconnect(reconnect).await?;
/// # Ok(())
/// # }
/// ```
///
/// A client comes back when its connection was lost, when the router has broken the protocol, and when the router has ended the
/// session with one of these reasons: `wamp.close.system_shutdown`, `wamp.close.close_realm`, `wamp.close.timeout`,
/// `wamp.close.authentication_expired`, `wamp.close.normal`, `wamp.close.goodbye_and_out`, and every `wamp.error.*` but
/// `wamp.error.not_authorized`. Any other reason, among them `wamp.close.killed`, `wamp.close.logout` and those of applications, was
/// chosen by somebody who does not want this session: the client ends.
///
/// It goes on trying until it has a session again: a router that is away, a name that is unknown, a wrong certificate, a realm
/// that is not there yet, a source of logins that fails may all be mended. It gives up when the router has refused what it
/// presents several times in a row ([`refusals`](Self::refusals)), or after [`attempts`](Self::attempts).
#[derive(Clone, Debug)]
pub struct Reconnect {
    pub(super) first: Duration,
    pub(super) most: Duration,
    pub(super) attempts: Option<u32>,
    pub(super) refusals: u32,
    pub(in crate::client) from_the_start: bool,
    pub(super) while_disconnected: WhileDisconnected,
    pub(super) wait_at_most: Duration,
    pub(super) force_reregister: bool,
}

impl Reconnect {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            first: Duration::from_millis(100),
            most: Duration::from_secs(30),
            attempts: None,
            refusals: 3,
            from_the_start: false,
            while_disconnected: WhileDisconnected::Wait,
            wait_at_most: Duration::from_secs(30),
            force_reregister: false,
        }
    }

    /// The limit of the time before the first attempt; each further one doubles it. The time is a random part of the limit, between
    /// none and all of it (full jitter), so that the clients of one router do not all come at once. Default 100 ms: a router that was
    /// restarted at once is found at once.
    ///
    /// The limits begin anew after a session that has lasted longer than the last of them.
    pub fn first(mut self, limit: Duration) -> Self {
        self.first = limit;
        self
    }

    /// The highest limit of the time between two attempts. Default 30 s: an attempt costs next to nothing, and nobody wants to wait
    /// longer once the router is there.
    pub fn most(mut self, limit: Duration) -> Self {
        self.most = limit;
        self
    }

    /// Gives up after so many attempts in a row that brought no session. By default never: whoever serves procedures is of use again
    /// whenever the router is.
    pub fn attempts(mut self, number: u32) -> Self {
        self.attempts = Some(number);
        self
    }

    /// Gives up when the router has refused the client so many times in a row: its credentials, its rights, the method. Default 3: a
    /// router that has just started may lack its authenticators for a moment; more attempts would look like guessing of passwords,
    /// and lock the user out. [`login_from`](crate::client::ClientBuilder::login_from) is asked before each.
    pub fn refusals(mut self, number: u32) -> Self {
        self.refusals = number;
        self
    }

    /// The first connection is tried again as well, in the same times, until there is a session; what no attempt can mend, and a refusal
    /// of the router, fail at once. By default the first failure is returned: most often the address or the password is wrong, and
    /// somebody waits to read that.
    pub fn from_the_start(mut self) -> Self {
        self.from_the_start = true;
        self
    }

    /// What becomes of requests that are made while there is no session. By default they wait: most are wanted, and an interruption of a
    /// second is nobody's business. A call or a publication may choose for itself.
    pub fn while_disconnected(mut self, choice: WhileDisconnected) -> Self {
        self.while_disconnected = choice;
        self
    }

    /// The longest time that a request waits for a session; a call with a timeout waits for that instead. Default 30 s: as long as
    /// the longest time between two attempts, and shorter than people wait.
    pub fn wait_at_most(mut self, time: Duration) -> Self {
        self.wait_at_most = time;
        self
    }

    /// Takes its registrations over from its former session, which the router may take to be alive for a while yet: see
    /// [`Registering::force_reregister`](crate::client::Registering::force_reregister), which asks for it from the first session on. By
    /// default the client waits until the router has noticed, and nobody else loses a procedure that has become theirs.
    pub fn force_reregister(mut self) -> Self {
        self.force_reregister = true;
        self
    }

    /// Checks that the settings can be used.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(in crate::client) fn check(&self) -> Result<(), String> {
        if self.first.is_zero() {
            return Err("`Reconnect::first` is 0: the client would try without a pause".to_owned());
        }
        if self.most < self.first {
            let (first, most) = (self.first, self.most);
            return Err(format!(
                "`Reconnect::most` is {most:?}, shorter than the first limit of {first:?}: set it higher"
            ));
        }
        if self.attempts == Some(0) || self.refusals == 0 {
            let text = "`Reconnect::attempts` and `Reconnect::refusals` are at least 1; leave `.reconnect(..)` out to give up at once";
            return Err(text.to_owned());
        }
        Ok(())
    }

    /// Whether another session follows one that has ended so.
    pub(super) fn follows(end: &SessionEnd) -> bool {
        match end {
            SessionEnd::Left | SessionEnd::GaveUp(_) => false,
            SessionEnd::Violation(_) | SessionEnd::Lost(_) | SessionEnd::NeverJoined(_) => true,
            SessionEnd::Closed { reason, .. } => match &**reason {
                close::SYSTEM_SHUTDOWN
                | close::CLOSE_REALM
                | close::TIMEOUT
                | close::AUTHENTICATION_EXPIRED
                | close::NORMAL
                | close::GOODBYE_AND_OUT => true,
                error::NOT_AUTHORIZED => false,
                other => other.starts_with("wamp.error."),
            },
        }
    }
}

impl Default for Reconnect {
    fn default() -> Self {
        Self::new()
    }
}

/// What follows from an attempt that has failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AttemptFailure {
    /// It may be mended.
    Passing,
    /// The router, or this client, refused what the other one presented.
    Refusal,
    /// No further attempt can do better.
    Final,
}

impl AttemptFailure {
    pub(super) fn of(failed: &ClientError) -> Self {
        match failed {
            ClientError::Runtime(_) | ClientError::Address { .. } | ClientError::Settings(_) => Self::Final,
            ClientError::Challenge { .. } | ClientError::RouterProof(_) => Self::Refusal,
            ClientError::Refused(refusal) => match refusal.uri() {
                error::NOT_AUTHORIZED
                | error::AUTHORIZATION_DENIED
                | error::AUTHORIZATION_REQUIRED
                | error::NO_SUCH_ROLE
                | error::NO_SUCH_PRINCIPAL
                | error::NO_MATCHING_AUTH_METHOD
                | error::AUTHENTICATION_DENIED
                | error::AUTHENTICATION_FAILED
                | error::AUTHENTICATION_REQUIRED => Self::Refusal,
                // A router that starts may not have its realms yet, and what else it says may pass.
                _ => Self::Passing,
            },
            _ => Self::Passing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WampError;

    #[test]
    fn a_session_follows_unless_somebody_wanted_it_gone() {
        let closed = |reason: &str| SessionEnd::Closed { reason: reason.to_owned(), message: None };
        for (end, follows) in [
            (SessionEnd::Lost("reset".to_owned()), true),
            (SessionEnd::Violation("nonsense".to_owned()), true),
            (SessionEnd::Left, false),
            (closed("wamp.close.system_shutdown"), true),
            (closed("wamp.close.close_realm"), true),
            (closed("wamp.close.timeout"), true),
            (closed("wamp.close.authentication_expired"), true),
            (closed("wamp.error.protocol_violation"), true),
            (closed("wamp.error.not_authorized"), false),
            (closed("wamp.close.killed"), false),
            (closed("wamp.close.logout"), false),
            (closed("shop.close.banned"), false),
        ] {
            assert_eq!(Reconnect::follows(&end), follows, "{end}");
        }
    }

    #[test]
    fn failures_that_pass_are_told_from_refusals() {
        let refused = |uri: &'static str| ClientError::Refused(WampError::new(uri));
        for (failed, failure) in [
            (ClientError::Lost("reset".to_owned()), AttemptFailure::Passing),
            (ClientError::Login { address: String::new(), why: String::new() }, AttemptFailure::Passing),
            (ClientError::Settings("none".to_owned()), AttemptFailure::Final),
            (ClientError::RouterProof("none".to_owned()), AttemptFailure::Refusal),
            (refused("wamp.error.no_such_realm"), AttemptFailure::Passing),
            (refused("wamp.close.system_shutdown"), AttemptFailure::Passing),
            (refused("wamp.error.authentication_denied"), AttemptFailure::Refusal),
            (refused("wamp.error.not_authorized"), AttemptFailure::Refusal),
        ] {
            assert_eq!(AttemptFailure::of(&failed), failure, "{failed}");
        }
    }

    #[test]
    fn settings_that_cannot_be_used_say_what_to_do() {
        let second = Duration::from_secs(1);
        for (settings, why) in [
            (Reconnect::new().first(Duration::ZERO), "without a pause"),
            (Reconnect::new().first(second).most(second / 2), "set it higher"),
            (Reconnect::new().attempts(0), "at least 1"),
            (Reconnect::new().refusals(0), "at least 1"),
        ] {
            assert!(settings.check().unwrap_err().contains(why));
        }
        assert_eq!(Reconnect::new().check(), Ok(()));
    }
}
