//! A procedure returns what cannot be sent.
use serverwamp::RouteSet;

struct Doc;

async fn get() -> Doc {
    Doc
}

fn main() {
    let _routes = RouteSet::<()>::new().procedure("docs.get", get);
}
