//! `[admin]`: the admin interface.

use super::auth::Auth;
use crate::reading::At;
use crate::section::section;
use crate::values::{Named, choice};

choice! {
    /// What a role may do in the admin interface.
    pub enum AdminPermitted {
        /// Ask: who is connected, what is registered, what was counted.
        Read = "read",
        /// See the payloads of calls and events.
        Payloads = "payloads",
        /// Act: end sessions, revoke, reload, stop the program.
        Write = "write",
    }
}

section! {
    /// The admin interface: the realm `serverwamp.admin`, in which the server is asked about itself and told what to do. Without this
    /// table there is none.
    ///
    /// It is joined at every listener whose `realms` do not leave it out: give it one of its own, on this machine, and name the others'
    /// realms there. `docs/admin.md` lists what can be called.
    pub struct Admin: "admin" {
        /// The ways in, as in a realm. Without any, nobody comes in.
        live auth: Vec<At<Auth>> = Vec::new();
        /// What each role may do: `{ operator = ["read", "write"] }`. A role that is not listed may do nothing.
        live role: Named<Vec<At<AdminPermitted>>> = Named::none();
    }
}
