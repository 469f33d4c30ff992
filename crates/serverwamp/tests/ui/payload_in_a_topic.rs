//! A topic handler asks for call arguments; a SUBSCRIBE has none.
use serverwamp::RouteSet;
use serverwamp::extract::Args;

async fn changes(Args(_filter): Args<(String,)>) {}

fn main() {
    let _routes = RouteSet::<()>::new().topic("docs.changes", changes);
}
