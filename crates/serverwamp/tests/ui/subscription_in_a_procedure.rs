//! A procedure asks for a subscription.
use serverwamp::{PendingSubscription, RouteSet};

async fn changes(_subscription: PendingSubscription) {}

fn main() {
    let _routes = RouteSet::<()>::new().procedure("docs.changes", changes);
}
