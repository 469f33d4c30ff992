//! A handler keeps something over an await that cannot move to another thread.
use serverwamp::debug_handler;
use std::rc::Rc;

#[debug_handler]
async fn get() -> u32 {
    let kept = Rc::new(7);
    std::future::ready(()).await;
    *kept
}

fn main() {}
