//! A procedure passes an error of the system on as it is; a peer would read what is the server's own business.
use serverwamp::RouteSet;

async fn get() -> Result<String, std::io::Error> {
    std::fs::read_to_string("doc")
}

fn main() {
    let _routes = RouteSet::<()>::new().procedure("docs.get", get);
}
