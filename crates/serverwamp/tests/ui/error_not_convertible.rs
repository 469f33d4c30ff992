//! A procedure's error has no URI: it does not convert into `WampError`.
use serverwamp::RouteSet;

#[derive(Debug)]
struct DocError;

async fn get() -> Result<u32, DocError> {
    Err(DocError)
}

fn main() {
    let _routes = RouteSet::<()>::new().procedure("docs.get", get);
}
