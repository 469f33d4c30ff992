//! Every URI the specification predefines, each with the place that defines it.
//!
//! The constants are grouped as their URIs are: [`error`] and [`close`] are reasons and error URIs, [`session`],
//! [`registration`] and [`subscription`] the procedures and topics of the meta API.

macro_rules! uris {
    ($($(#[$doc:meta])* $name:ident = $uri:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $uri;)*
        #[cfg(test)]
        pub(super) const ALL: &[&str] = &[$($uri),*];
    };
}

/// `wamp.error.*`: why a request or a session was refused.
pub mod error {
    uris! {
        /// A URI breaks the rules. Spec: basic, "Incorrect URIs".
        INVALID_URI = "wamp.error.invalid_uri";
        /// CALL: no registration matches. Spec: basic, "Interaction".
        NO_SUCH_PROCEDURE = "wamp.error.no_such_procedure";
        /// REGISTER: the procedure has a registration. Spec: basic, "Interaction".
        PROCEDURE_ALREADY_EXISTS = "wamp.error.procedure_already_exists";
        /// UNREGISTER and meta API: no such registration. Spec: basic, "Interaction".
        NO_SUCH_REGISTRATION = "wamp.error.no_such_registration";
        /// UNSUBSCRIBE and meta API: no such subscription. Spec: basic, "Interaction".
        NO_SUCH_SUBSCRIPTION = "wamp.error.no_such_subscription";
        /// Arguments do not fit the procedure. Spec: basic, "Interaction".
        INVALID_ARGUMENT = "wamp.error.invalid_argument";
        /// A call was canceled, or its callee left. Spec: basic, "Interaction"; advanced, "Call Canceling".
        CANCELED = "wamp.error.canceled";
        /// A payload is larger than the receiver takes. Spec: basic, "Interaction".
        PAYLOAD_SIZE_EXCEEDED = "wamp.error.payload_size_exceeded";
        /// ABORT: the peer broke the protocol. Spec: basic, "Session Close".
        PROTOCOL_VIOLATION = "wamp.error.protocol_violation";
        /// The action is not allowed. Spec: basic, "Authorization".
        NOT_AUTHORIZED = "wamp.error.not_authorized";
        /// The decision whether the action is allowed failed. Spec: basic, "Authorization".
        AUTHORIZATION_FAILED = "wamp.error.authorization_failed";
        /// A synonym of [`NOT_AUTHORIZED`], never sent. Spec: advanced, "Authorization".
        AUTHORIZATION_DENIED = "wamp.error.authorization_denied";
        /// The action needs a capability. Spec: advanced, "Authorization".
        AUTHORIZATION_REQUIRED = "wamp.error.authorization_required";
        /// HELLO: no such realm. Spec: basic, "Authorization".
        NO_SUCH_REALM = "wamp.error.no_such_realm";
        /// HELLO: the peer's role does not exist on the realm. Spec: basic, "Authorization".
        NO_SUCH_ROLE = "wamp.error.no_such_role";
        /// HELLO: the principal does not exist on the realm. Spec: advanced, "Authentication".
        NO_SUCH_PRINCIPAL = "wamp.error.no_such_principal";
        /// HELLO: no authentication method fits. Spec: advanced, "Authentication".
        NO_MATCHING_AUTH_METHOD = "wamp.error.no_matching_auth_method";
        /// The credentials are wrong. Spec: advanced, "Authentication".
        AUTHENTICATION_DENIED = "wamp.error.authentication_denied";
        /// The authentication itself failed. Spec: advanced, "Authentication".
        AUTHENTICATION_FAILED = "wamp.error.authentication_failed";
        /// Anonymous peers are not admitted. Spec: advanced, "Authentication".
        AUTHENTICATION_REQUIRED = "wamp.error.authentication_required";
        /// A call took too long. Spec: advanced, "Call Timeout".
        TIMEOUT = "wamp.error.timeout";
        /// An option is refused. Spec: advanced, "URIs".
        OPTION_NOT_ALLOWED = "wamp.error.option_not_allowed";
        /// The realm does not let callers or publishers be disclosed. Spec: advanced, "URIs".
        OPTION_DISALLOWED_DISCLOSE_ME = "wamp.error.option_disallowed.disclose_me";
        /// A message could not be carried on. Spec: advanced, "URIs".
        NETWORK_FAILURE = "wamp.error.network_failure";
        /// A callee cannot take an invocation. Spec: advanced, "Call Rerouting".
        UNAVAILABLE = "wamp.error.unavailable";
        /// No callee can take the call. Spec: advanced, "Call Rerouting".
        NO_AVAILABLE_CALLEE = "wamp.error.no_available_callee";
        /// The far end lacks a feature the request needs. Spec: advanced, "URIs".
        FEATURE_NOT_SUPPORTED = "wamp.error.feature_not_supported";
        /// Meta API: no such session. Spec: advanced, "Session Meta API".
        NO_SUCH_SESSION = "wamp.error.no_such_session";
        /// An application failed in a way it does not explain. Not predefined; the field's habit.
        RUNTIME_ERROR = "wamp.error.runtime_error";
        /// A payload cannot be turned into the receiver's serializer. Not predefined; the field's habit.
        INVALID_PAYLOAD = "wamp.error.invalid_payload";
    }
}

/// `wamp.close.*`: why a session ends.
pub mod close {
    uris! {
        /// The router shuts down. Spec: basic, "Session Close".
        SYSTEM_SHUTDOWN = "wamp.close.system_shutdown";
        /// The peer leaves the realm. Spec: basic, "Session Close".
        CLOSE_REALM = "wamp.close.close_realm";
        /// The answer to a GOODBYE. Spec: basic, "Session Close".
        GOODBYE_AND_OUT = "wamp.close.goodbye_and_out";
        /// The session was killed through the meta API. Spec: advanced, "Session Meta API".
        KILLED = "wamp.close.killed";
        /// The session was silent for too long. Not predefined.
        TIMEOUT = "wamp.close.timeout";
        /// What let the session in has expired. Not predefined.
        AUTHENTICATION_EXPIRED = "wamp.close.authentication_expired";
        /// The reason that many clients send with GOODBYE. Only in examples of the specification.
        NORMAL = "wamp.close.normal";
    }
}

/// `wamp.session.*`: procedures and topics of the session meta API. Spec: advanced, "Session Meta API".
pub mod session {
    uris! {
        /// Topic: a session joined.
        ON_JOIN = "wamp.session.on_join";
        /// Topic: a session left.
        ON_LEAVE = "wamp.session.on_leave";
        /// Procedure: how many sessions there are.
        COUNT = "wamp.session.count";
        /// Procedure: which sessions there are.
        LIST = "wamp.session.list";
        /// Procedure: the details of one session.
        GET = "wamp.session.get";
        /// Procedure: ends one session.
        KILL = "wamp.session.kill";
        /// Procedure: ends the sessions of an authid.
        KILL_BY_AUTHID = "wamp.session.kill_by_authid";
        /// Procedure: ends the sessions of a role.
        KILL_BY_AUTHROLE = "wamp.session.kill_by_authrole";
        /// Procedure: ends all other sessions of the realm.
        KILL_ALL = "wamp.session.kill_all";
        /// Procedure: leaves an event to publish when the session ends. Spec: advanced, "Session Testament".
        ADD_TESTAMENT = "wamp.session.add_testament";
        /// Procedure: takes the testaments back. Spec: advanced, "Session Testament".
        FLUSH_TESTAMENTS = "wamp.session.flush_testaments";
    }
}

/// `wamp.registration.*`: procedures and topics of the registration meta API.
/// Spec: advanced, "Registration Meta API".
pub mod registration {
    uris! {
        /// Topic: a registration came into being.
        ON_CREATE = "wamp.registration.on_create";
        /// Topic: a callee joined a registration.
        ON_REGISTER = "wamp.registration.on_register";
        /// Topic: a callee left a registration.
        ON_UNREGISTER = "wamp.registration.on_unregister";
        /// Topic: a registration is gone.
        ON_DELETE = "wamp.registration.on_delete";
        /// Procedure: all registration ids, by match.
        LIST = "wamp.registration.list";
        /// Procedure: the registration of exactly this URI and match.
        LOOKUP = "wamp.registration.lookup";
        /// Procedure: the registration a call would reach.
        MATCH = "wamp.registration.match";
        /// Procedure: the details of one registration.
        GET = "wamp.registration.get";
        /// Procedure: the callees of one registration.
        LIST_CALLEES = "wamp.registration.list_callees";
        /// Procedure: how many callees a registration has.
        COUNT_CALLEES = "wamp.registration.count_callees";
        /// Procedure: takes a registration away from a callee. Not predefined; Crossbar's.
        REMOVE_CALLEE = "wamp.registration.remove_callee";
    }
}

/// `wamp.subscription.*`: procedures and topics of the subscription meta API.
/// Spec: advanced, "Subscription Meta API".
pub mod subscription {
    uris! {
        /// Topic: a subscription came into being.
        ON_CREATE = "wamp.subscription.on_create";
        /// Topic: a subscriber joined a subscription.
        ON_SUBSCRIBE = "wamp.subscription.on_subscribe";
        /// Topic: a subscriber left a subscription.
        ON_UNSUBSCRIBE = "wamp.subscription.on_unsubscribe";
        /// Topic: a subscription is gone.
        ON_DELETE = "wamp.subscription.on_delete";
        /// Procedure: all subscription ids, by match.
        LIST = "wamp.subscription.list";
        /// Procedure: the subscription of exactly this URI and match.
        LOOKUP = "wamp.subscription.lookup";
        /// Procedure: the subscriptions a publication would reach.
        MATCH = "wamp.subscription.match";
        /// Procedure: the details of one subscription.
        GET = "wamp.subscription.get";
        /// Procedure: the subscribers of one subscription.
        LIST_SUBSCRIBERS = "wamp.subscription.list_subscribers";
        /// Procedure: how many subscribers a subscription has.
        COUNT_SUBSCRIBERS = "wamp.subscription.count_subscribers";
        /// Procedure: the events a subscription has seen. Spec: advanced, "Event History".
        GET_EVENTS = "wamp.subscription.get_events";
        /// Procedure: takes a subscription away from a subscriber. Not predefined; Crossbar's.
        REMOVE_SUBSCRIBER = "wamp.subscription.remove_subscriber";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Match;
    use crate::uri::UriRules;

    #[test]
    fn err_01_predefined_uris_keep_the_strict_rules() {
        for group in [error::ALL, close::ALL, session::ALL, registration::ALL, subscription::ALL] {
            for uri in group {
                assert_eq!(UriRules::strict().check(uri, Match::Exact), Ok(()), "{uri}");
                assert!(crate::uri::is_reserved(uri), "{uri}");
            }
        }
    }
}
