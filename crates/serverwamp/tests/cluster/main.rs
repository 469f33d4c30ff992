//! Several applications in this process that are one cluster: what their clients see of each other.
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]
#![expect(clippy::disallowed_methods, reason = "a program that uses the framework names its runtime")]

mod calls;
mod events;
mod failures;
mod hub;
#[path = "../in_memory/same_routes.rs"]
mod same_routes;

use hub::Hub;
use serverwamp::auth::Principal;
use serverwamp::client::Client;
use serverwamp::{Application, Realm, ReceivedEvent, Subscriber};
use std::sync::Arc;
use std::time::Duration;

/// Nodes that all know each other, and the hub between them.
struct Nodes {
    hub: Arc<Hub>,
    apps: Vec<Application>,
}

impl Nodes {
    /// So many nodes, each with this realm, which lets everybody in as a guest.
    async fn new(number: usize, realm: impl Fn() -> Realm) -> Self {
        let hub = Arc::<Hub>::default();
        let apps: Vec<Application> = (0..number)
            .map(|place| {
                let app = Application::builder().realm(realm().allow_anonymous("guest")).build().unwrap();
                app.join_cluster(hub::name(place), hub.carrier()).unwrap();
                app
            })
            .collect();
        let nodes = Self { hub, apps };
        nodes.know_each_other().await;
        nodes
    }

    /// Waits until every node knows what every other one wants.
    async fn know_each_other(&self) {
        let others = self.apps.len() - 1;
        for app in &self.apps {
            until("the nodes know each other", || {
                let status = app.cluster_status().unwrap();
                status.others.len() == others && status.others.iter().all(|other| other.is_joined)
            })
            .await;
        }
    }

    /// Waits until a node knows of so many patterns that others want.
    async fn interest(&self, node: usize, patterns: usize) {
        until("the wishes of the others are known", || {
            self.apps[node].cluster_status().unwrap().interest == patterns
        })
        .await;
    }

    /// Waits until a node knows of so many registrations of others.
    async fn offers(&self, node: usize, registrations: usize) {
        until("the registrations of the others are known", || {
            self.apps[node].cluster_status().unwrap().offers == registrations
        })
        .await;
    }

    async fn join(&self, node: usize) -> Client {
        self.apps[node].join("realm1").await.unwrap()
    }

    async fn join_as(&self, node: usize, authid: &str, role: &'static str) -> Client {
        self.apps[node].join("realm1").as_principal(Principal::new(authid).role(role)).await.unwrap()
    }
}

/// Waits until something is so, at most 30 s.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..3000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not within 30 s");
}

/// The next event, at most 30 s from now.
async fn next(events: &mut Subscriber) -> ReceivedEvent {
    tokio::time::timeout(Duration::from_secs(30), events.recv()).await.expect("an event within 30 s").unwrap()
}

/// The number that the next event carries.
async fn next_number(events: &mut Subscriber) -> u64 {
    next(events).await.bind::<(u64,)>().unwrap().0
}
