//! The caller of a procedure, as far as a callee is told.

use serverwamp_proto::id::SessionId;
use serverwamp_proto::message::{ForwardFor, Forwarder};

/// The caller of a procedure, as far as the router discloses it to callees.
///
/// It is the same wherever the procedure is served: by the application, or by a client behind a router. In the application, too,
/// it holds only what a client in its place would be told: nothing unless the caller asks for it with `disclose_me`, or the realm
/// discloses callers ([`Disclosure`](crate::Disclosure), [`ProcedureSettings`](crate::ProcedureSettings)). What the application
/// knows beyond that is in its [`Session`](crate::Session).
///
/// ```
/// use serverwamp::extract::Caller;
///
/// async fn greet(caller: Caller) -> String {
///     format!("hello {}", caller.authid().unwrap_or("stranger"))
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("demo.greet", greet);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Caller {
    pub(crate) session: Option<SessionId>,
    pub(crate) authid: Option<Box<str>>,
    pub(crate) authrole: Option<Box<str>>,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) forward_for: Option<ForwardFor>,
}

impl Caller {
    /// The caller's session, if it is disclosed.
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// The caller's authid, if it is disclosed.
    pub fn authid(&self) -> Option<&str> {
        self.authid.as_deref()
    }

    /// The caller's role, if it is disclosed.
    pub fn authrole(&self) -> Option<&str> {
        self.authrole.as_deref()
    }

    /// The trust level that the router gives to calls of the procedure, if it gives any.
    pub fn trustlevel(&self) -> Option<u64> {
        self.trustlevel
    }

    /// The sessions on whose behalf the caller calls, the first one first: what a link between routers says of the caller before
    /// it. Empty if the caller says nothing.
    ///
    /// Every caller may say what it likes: it is worth as much as the caller is trusted, so look at [`authrole`](Self::authrole)
    /// first.
    pub fn forward_for(&self) -> &[Forwarder] {
        self.forward_for.as_deref().unwrap_or_default()
    }
}
