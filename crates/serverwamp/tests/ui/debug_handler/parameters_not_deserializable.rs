//! Parameters that serde cannot read.
use serverwamp::debug_handler;
use serverwamp::extract::Params;

struct Find {
    name: String,
}

#[debug_handler]
async fn find(Params(find): Params<Find>) -> String {
    find.name
}

fn main() {}
