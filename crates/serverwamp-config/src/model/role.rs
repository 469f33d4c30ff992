//! `[realm.role.NAME]`: what a role may do.

use super::limits::Rate;
use crate::reading::At;
use crate::section::{defaults, section};
use crate::values::{Bytes, Named, Positive, UriPattern, choice};

choice! {
    /// What a session may do with a URI.
    pub enum Permitted {
        /// CALL.
        Call = "call",
        /// REGISTER.
        Register = "register",
        /// PUBLISH.
        Publish = "publish",
        /// SUBSCRIBE.
        Subscribe = "subscribe",
    }
}

section! {
    /// What the sessions of a role may do: nothing but what is allowed.
    pub struct Role: "realm.role" {
        /// What is allowed, by pattern of URIs: `{ "shop.*" = ["call", "subscribe"] }`. The most specific pattern decides; where an
        /// `allow` and a `deny` are equally specific, `deny` does.
        live allow: Named<Vec<At<Permitted>>, UriPattern> = Named::none();
        /// What is denied although a less specific pattern allows it.
        live deny: Named<Vec<At<Permitted>>, UriPattern> = Named::none();
        /// What is withheld of what `allow` gives, by the same patterns: `{ "shop.log.*" = ["history"] }`.
        live withhold: Named<Vec<At<Withheld>>, UriPattern> = Named::none();
        /// The procedure that decides what is neither allowed nor denied.
        live authorizer: Option<UriPattern> = None;
        /// The bounds of each session.
        live limits: RoleLimits = defaults();
    }

    /// The bounds of each session of a role; none is looser than `[limits]`.
    pub struct RoleLimits: "realm.role.limits" {
        /// The number of unanswered calls of a session.
        live calls_in_flight: Option<Positive> = None;
        /// The number of subscriptions of a session.
        live subscriptions: Option<Positive> = None;
        /// The number of requests in each second, on average.
        live requests_per_second: Option<Rate> = None;
        /// The number of requests that may come at once after a silence. Needs `requests_per_second`.
        live requests_burst: Rate = Rate::new(1000);
        /// The bytes that may wait for a peer.
        live outgoing_bytes: Option<Bytes> = None;
        /// The number of sessions of the same authid.
        live sessions_per_authid: Option<Positive> = None;
    }
}

choice! {
    /// What belongs to an action and can be withheld.
    pub enum Withheld {
        /// Disclosure: of this session to others, and of others to it.
        Disclose = "disclose",
        /// To leave an event behind for later subscribers, and to get those.
        Retain = "retain",
        /// To read the history of a topic.
        History = "history",
    }
}
