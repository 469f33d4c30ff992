//! Extractors of other kinds of requests.
use serverwamp::auth::{AuthExchange, CraCredential, Principal, Ticket};
use serverwamp::extract::{Args, Topic};
use serverwamp::{PendingSession, PendingSubscription, debug_handler};

#[debug_handler]
async fn procedure(_subscription: PendingSubscription) {}

#[debug_handler(topic)]
async fn topic(Args(_filter): Args<(String,)>) {}

#[debug_handler(on_connect)]
async fn connected(Topic(_topic): Topic) {}

#[debug_handler(on_join)]
async fn joined(Topic(_topic): Topic) {}

#[debug_handler(auth::transport)]
async fn by_cookie(_ticket: Ticket) -> Option<Principal> {
    None
}

#[debug_handler(auth::ticket)]
async fn by_ticket(_exchange: AuthExchange) -> Option<Principal> {
    None
}

#[debug_handler(auth::cra)]
async fn by_signature(_ticket: Ticket) -> Option<CraCredential> {
    None
}

#[debug_handler(auth::custom)]
async fn by_dialogue(_session: PendingSession) -> Option<Principal> {
    None
}

fn main() {}
