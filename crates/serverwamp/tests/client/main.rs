//! A client over sockets: every carrier on every runtime, every way to prove who it is, and routers that are no routers.
#![cfg(all(
    feature = "tokio",
    feature = "smol",
    feature = "tls",
    feature = "long-polling",
    feature = "scram",
    feature = "cryptosign",
    unix
))]
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]
#![expect(clippy::disallowed_methods, reason = "the tests run on runtimes of their own")]

mod bad_routers;
mod bad_websockets;
mod carriers;
mod certificates;
mod failures;
mod floods;
mod keeping;
mod long_polling;
mod nonsense;
mod proofs;
mod recovery;
mod serving;
mod settings;
mod stalls;
mod support;
mod unasked;
