//! A topic handler returns a value; nobody would get it.
use serverwamp::RouteSet;

async fn changes() -> u32 {
    7
}

fn main() {
    let _routes = RouteSet::<()>::new().topic("docs.changes", changes);
}
