//! Parameters that serde cannot read.
use serverwamp::RouteSet;
use serverwamp::extract::Params;

struct Find {
    name: String,
}

async fn find(Params(find): Params<Find>) -> String {
    find.name
}

fn main() {
    let _routes = RouteSet::<()>::new().procedure("users.find", find);
}
