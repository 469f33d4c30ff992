//! The application's state has no part of the type a handler asks for.
use serverwamp::extract::State;
use serverwamp::{Application, Realm, RouteSet};

#[derive(Clone)]
struct Db;
#[derive(Clone)]
struct AppState;

async fn count(State(_db): State<Db>) -> u32 {
    7
}

fn main() {
    let routes = RouteSet::<AppState>::new().procedure("docs.count", count);
    let _app = Application::builder().realm(Realm::new("realm1").routes(routes)).with_state(AppState).build();
}
