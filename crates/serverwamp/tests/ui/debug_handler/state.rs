//! State: two parts of a whole that is not named, a whole without that part, a whole that threads cannot share.
use serverwamp::debug_handler;
use serverwamp::extract::State;
use std::rc::Rc;

#[derive(Clone)]
struct Db;
#[derive(Clone)]
struct Cache;
#[derive(Clone)]
struct AppState;

#[debug_handler]
async fn both(State(_db): State<Db>, State(_cache): State<Cache>) {}

#[debug_handler(state = AppState)]
async fn count(State(_db): State<Db>) -> u32 {
    7
}

#[debug_handler(state = Rc<AppState>)]
async fn lonely() {}

fn main() {}
