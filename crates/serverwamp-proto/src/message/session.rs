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
        /// The client's claims and roles.
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
        /// The authid that the client claims.
        "authid" => authid: Option<String>,
        /// The role the client asks for.
        "authrole" => authrole: Option<String>,
        /// Further input for the authentication methods, a dictionary.
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
        /// The client's identity and the router's roles.
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
        /// The authid of the client.
        "authid" => authid: Option<String>,
        /// The role the client was given.
        "authrole" => authrole: Option<String>,
        /// The method that established it.
        "authmethod" => authmethod: Option<String>,
        /// The provider of the authentication.
        "authprovider" => authprovider: Option<String>,
        /// Additions of the authentication method, a dictionary.
        "authextra" => authextra: Option<Encoded>,
    }
    unknown
}

message! {
    /// A session ends at once, or never begins. Never answered.
    pub struct Abort<'a> {
        /// The details of the error.
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
        /// The error of a SCRAM exchange.
        "scram" => scram: Option<String>,
    }
    unknown
}

message! {
    /// The router asks a client to prove who it is.
    pub struct Challenge<'a> {
        /// The authentication method.
        "AuthMethod" => method: Cow<'a, str>,
        /// The input for the method, a dictionary.
        "Extra" => extra: Encoded,
    }
}

message! {
    /// A client proves who it is.
    pub struct Authenticate<'a> {
        /// The proof: a ticket, a signature.
        "Signature" => signature: Cow<'a, str>,
        /// Further input for the method, a dictionary.
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
        /// The details.
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
