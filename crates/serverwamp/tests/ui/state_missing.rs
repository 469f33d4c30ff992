//! A handler asks for state that nobody gave to the application.
use serverwamp::extract::State;
use serverwamp::{Application, Realm, RouteSet};

#[derive(Clone)]
struct Db;

async fn count(State(_db): State<Db>) -> u32 {
    7
}

fn main() {
    let routes = RouteSet::new().procedure("docs.count", count);
    let _app = Application::builder().realm(Realm::new("realm1").routes(routes)).build();
}
