//! Both ends of a link: their clients, the places where they are, and whether it is known that `forward_for` stays with what goes
//! both ways.

use super::chain::{Transit, Way};
use super::place::Place;
use serverwamp::client::Client;
use serverwamp::{Forwarder, SessionId};
use std::fmt;
use tokio::sync::watch;

/// One end of the link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

/// One end.
pub(super) struct End {
    pub(super) client: Client,
    pub(super) place: Place,
    /// The session in which it was found that it keeps `forward_for`.
    checked: watch::Sender<Option<SessionId>>,
}

impl End {
    fn new(client: Client) -> Self {
        Self { client, place: Place::new(), checked: watch::Sender::new(None) }
    }

    /// Waits until the present session is one in which that was found.
    async fn is_checked(&self) {
        let present = |checked: &Option<SessionId>| checked.is_some() && *checked == self.client.session_id();
        if !present(&self.checked.borrow()) {
            // The sender is here, so it waits for a value.
            drop(self.checked.subscribe().wait_for(present).await);
        }
    }
}

/// Both ends.
pub(super) struct Ends {
    left: End,
    right: End,
    transit: Transit,
    /// Some URIs go both ways.
    waits: bool,
}

impl Ends {
    /// Ends of which something goes both ways if it `waits` for the checks of each session.
    pub(super) fn new(left: Client, right: Client, transit: Transit, waits: bool) -> Self {
        Self { left: End::new(left), right: End::new(right), transit, waits }
    }

    pub(super) fn end(&self, side: Side) -> &End {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    pub(super) fn at(&self, side: Side) -> &Client {
        &self.end(side).client
    }

    /// Returns whether some URIs go both ways.
    pub(super) fn waits(&self) -> bool {
        self.waits
    }

    /// Waits until it is known of both present sessions that nothing goes round and round.
    pub(super) async fn open(&self) {
        if self.waits {
            self.left.is_checked().await;
            self.right.is_checked().await;
        }
    }

    /// A session of this side was checked.
    pub(super) fn set_checked(&self, side: Side, session: SessionId) {
        self.end(side).checked.send_replace(Some(session));
    }

    /// Returns whether this session of the side was checked.
    pub(super) fn was_checked(&self, side: Side, session: SessionId) -> bool {
        *self.end(side).checked.borrow() == Some(session)
    }

    /// What is said at the other side of something that has come with this `forward_for`; `None` if it does not go there, and
    /// nothing if nobody there wants to know.
    pub(super) fn onward(&self, from: Side, seen: &[Forwarder]) -> Option<Vec<Forwarder>> {
        let there = self.end(from.other());
        let way =
            Way { from: self.end(from).place.agreed(), to: there.place.agreed(), transit: self.transit };
        let places = way.onward(seen)?;
        if way.to.is_none() || places.is_empty() {
            return Some(Vec::new());
        }
        // Crossbar.io shows the first entry as who calls or publishes.
        let own = own(&there.client);
        Some(own.into_iter().chain(places).collect())
    }
}

/// The client's own session as an entry.
pub(super) fn own(client: &Client) -> Option<Forwarder> {
    client.session_id().map(|session| Forwarder::new(session, client.authid(), client.authrole()))
}
