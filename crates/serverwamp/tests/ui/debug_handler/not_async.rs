//! A handler that is no async function.
use serverwamp::debug_handler;
use serverwamp::extract::Args;

#[debug_handler]
fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
    a + b
}

#[debug_handler(topic)]
fn changes() {}

fn main() {}
