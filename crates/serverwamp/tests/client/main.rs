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
mod carriers;
mod certificates;
mod failures;
mod floods;
mod long_polling;
mod proofs;
mod recovery;
mod serving;
mod settings;
mod support;
