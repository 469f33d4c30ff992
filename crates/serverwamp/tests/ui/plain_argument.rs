//! An argument that is no extractor.
use serverwamp::RouteSet;

async fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let _routes = RouteSet::<()>::new().procedure("math.add", add);
}
