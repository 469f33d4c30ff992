//! A handler that is no async function.
use serverwamp::RouteSet;
use serverwamp::extract::Args;

fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
    a + b
}

fn main() {
    let _routes = RouteSet::<()>::new().procedure("math.add", add);
}
