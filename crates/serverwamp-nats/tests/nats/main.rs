//! Nodes beside real NATS servers: what stops the start, what the store decides, what comes through and what is lost.
//!
//! Where `nats-server` cannot be had these are skipped, with the reason; with `SERVERWAMP_REQUIRE_INTEROP=1` they fail.
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]

mod links;
mod start;
mod store;

use serverwamp::cluster::NodeName;
use serverwamp_conformance::{NatsServer, interop};
use serverwamp_nats::{Nats, Settings};
use std::time::Duration;

/// The time for what happens by itself, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with these lines in its configuration; `None` where there is none, which is said.
fn server(more: &str) -> Option<NatsServer> {
    if let Err(reason) = NatsServer::prepare() {
        assert!(!interop::is_required(), "nats-server: {reason}");
        println!("nats-server: skipped: {reason}");
        return None;
    }
    Some(NatsServer::start(more).unwrap())
}

fn settings(node: &str, server: &NatsServer) -> Settings {
    let name = |name| NodeName::new(name).unwrap();
    Settings::new(name("tests"), name(node), vec![server.url()])
}

async fn connect(node: &str, server: &NatsServer) -> Nats {
    Nats::connect(&settings(node, server)).await.unwrap()
}

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "{what}: not within {PATIENCE:?}");
}
