//! The web console of serverwamp: what happens in a WAMP server, in a browser.
//!
//! In: HTTP requests below one path. Out: the pages of the console, which speak WAMP with the server by themselves, and a login by a link
//! that can be used once. Invariants: nothing is read from the disk or from the network, everything that is served was compiled in; a
//! page runs no script but the console's own ([`POLICY`] and Trusted Types say so to the browser); no answer tells a token or a cookie
//! that is in use.
//!
//! The crate `serverwamp` mounts it with its feature `console`; alone it is for who serves the pages in another way.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod assets;
mod logins;

pub use answer::{Console, POLICY};
pub use logins::Visitor;
