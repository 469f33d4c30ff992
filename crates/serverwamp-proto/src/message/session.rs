//! The messages that open and close a session.

use std::borrow::Cow;

use super::attributes::attributes;
use super::encoded::Encoded;
use super::wire::message;
use crate::id::SessionId;
use crate::payload::Payload;

message! {
    /// A client asks to join a realm.
    pub struct Hello<'a> {
        /// The realm; null, which some clients send for "any", is `None`.
        "Realm" => realm: Option<Cow<'a, str>>,
        /// Who the client is and what it can do.
        "Details" => details: HelloDetails,
    }
}

attributes! {
    /// `HELLO.Details`.
    pub struct HelloDetails {
        /// The roles the client plays, a dictionary; [`ClientRoles`](crate::session::ClientRoles) reads it.
        "roles" => roles: Option<Encoded>,
        /// The client's name and version.
        "agent" => agent: Option<String>,
        /// The authentication methods the client offers, the preferred one first.
        "authmethods" => authmethods: Option<Vec<String>>,
        /// Who the client says it is.
        "authid" => authid: Option<String>,
        /// The role the client asks for.
        "authrole" => authrole: Option<String>,
        /// What the authentication methods need beyond that, a dictionary.
        "authextra" => authextra: Option<Encoded>,
    }
    unknown
}

impl Hello<'_> {
    /// The message without its ties to the frame.
    pub fn into_owned(self) -> Hello<'static> {
        Hello { realm: self.realm.map(|realm| Cow::Owned(realm.into_owned())), details: self.details }
    }
}

message! {
    /// The router admits a client.
    pub struct Welcome {
        /// The session that now exists.
        "Session" => session: SessionId,
        /// Who the client is taken for and what the router can do.
        "Details" => details: WelcomeDetails,
    }
}

attributes! {
    /// `WELCOME.Details`.
    pub struct WelcomeDetails {
        /// The roles the router plays, a dictionary; [`RouterFeatures`](crate::session::RouterFeatures) makes it.
        "roles" => roles: Option<Encoded>,
        /// The router's name and version.
        "agent" => agent: Option<String>,
        /// The realm joined.
        "realm" => realm: Option<String>,
        /// Who the client is taken for.
        "authid" => authid: Option<String>,
        /// The role the client was given.
        "authrole" => authrole: Option<String>,
        /// The method that established it.
        "authmethod" => authmethod: Option<String>,
        /// Who vouches for it.
        "authprovider" => authprovider: Option<String>,
        /// What the authentication method adds, a dictionary.
        "authextra" => authextra: Option<Encoded>,
    }
    unknown
}

message! {
    /// A session ends at once, or never begins. Never answered.
    pub struct Abort<'a> {
        /// What went wrong.
        "Details" => details: AbortDetails,
        /// Why, as a URI.
        "Reason" => reason: Cow<'a, str>,
        /// More about it.
        "" => payload: Payload,
    }
}

attributes! {
    /// `ABORT.Details`.
    pub struct AbortDetails {
        /// A text for people.
        "message" => message: Option<String>,
        /// What a SCRAM exchange failed of.
        "scram" => scram: Option<String>,
    }
    unknown
}

message! {
    /// The router asks a client to prove who it is.
    pub struct Challenge<'a> {
        /// The authentication method.
        "AuthMethod" => method: Cow<'a, str>,
        /// What the method needs, a dictionary.
        "Extra" => extra: Encoded,
    }
}

message! {
    /// A client proves who it is.
    pub struct Authenticate<'a> {
        /// The proof: a ticket, a signature.
        "Signature" => signature: Cow<'a, str>,
        /// What the method needs beyond that, a dictionary.
        "Extra" => extra: Encoded,
    }
}

impl Authenticate<'_> {
    /// The message without its ties to the frame.
    pub fn into_owned(self) -> Authenticate<'static> {
        Authenticate { signature: Cow::Owned(self.signature.into_owned()), extra: self.extra }
    }
}

message! {
    /// A peer ends the session, or answers to that.
    pub struct Goodbye<'a> {
        /// What there is to say about it.
        "Details" => details: GoodbyeDetails,
        /// Why, as a URI.
        "Reason" => reason: Cow<'a, str>,
    }
}

attributes! {
    /// `GOODBYE.Details`.
    pub struct GoodbyeDetails {
        /// A text for people.
        "message" => message: Option<String>,
    }
    unknown
}
