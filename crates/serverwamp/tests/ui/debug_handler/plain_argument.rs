//! One of two arguments is no extractor.
use serverwamp::debug_handler;
use serverwamp::extract::Arg;

#[debug_handler]
async fn add(Arg(a): Arg<i64>, b: i64) -> i64 {
    a + b
}

fn main() {}
