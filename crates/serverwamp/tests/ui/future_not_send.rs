//! A handler keeps something over an await that cannot move to another thread.
use serverwamp::RouteSet;
use std::rc::Rc;

async fn get() -> u32 {
    let kept = Rc::new(7);
    std::future::ready(()).await;
    *kept
}

fn main() {
    let _routes = RouteSet::<()>::new().procedure("docs.get", get);
}
