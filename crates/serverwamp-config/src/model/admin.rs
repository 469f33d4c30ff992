//! `[admin]`: the admin interface.

use super::auth::Auth;
use super::listen::Listener;
use crate::reading::At;
use crate::section::{defaults, section};
use crate::values::{Address, Mode, Named, UriPattern, choice};

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
    /// Give it an address of its own on this machine with `listen`. `docs/admin.md` lists what can be called.
    pub struct Admin: "admin" {
        /// An address of its own, such as `"unix:admin.sock"` or `"127.0.0.1:8081"`. It is joined there, by WebSocket at `/ws` and by
        /// RawSocket, and at listeners that name it in `realms`. Without an address it is joined at every listener whose `realms` do not
        /// leave it out. For TLS and the like write a `[[listen]]` with `realms = ["serverwamp.admin"]`.
        restart listen: Option<Address> = None;
        /// The mode of the Unix socket at that address. By default `"0600"`, so that only the user of the server connects.
        restart mode: Option<Mode> = None;
        /// The ways in, as in a realm. Without any, nobody comes in.
        live auth: Vec<At<Auth>> = Vec::new();
        /// What each role may do: `{ operator = ["read", "write"] }`. A role that is not listed may do nothing.
        live role: Named<Vec<At<AdminPermitted>>> = Named::none();
    }
}

/// The mode of its Unix socket: whoever connects may come in without a password, so it is the user's of the server.
const MODE: &str = "0600";

impl Admin {
    /// The listener at its own address.
    pub(super) fn listener(&self) -> Option<At<Listener>> {
        let place = self.listen.place().cloned();
        let address = self.listen.value().clone()?;
        let is_unix = matches!(address, Address::Unix(_));
        let mut listener: Listener = defaults();
        listener.address = At::new(address, place.clone());
        if is_unix {
            listener.mode =
                At::default_of(Some(self.mode.value().clone().unwrap_or_else(|| Mode::new(MODE))));
        }
        listener.realms =
            At::default_of(Some(vec![At::default_of(UriPattern::new(serverwamp::Admin::REALM))]));
        Some(At::new(listener, place))
    }
}
