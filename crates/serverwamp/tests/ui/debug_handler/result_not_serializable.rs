//! Procedures return what cannot be sent: as it is, as the success of a `Result`, inside of something else.
use serverwamp::{WampError, debug_handler};

struct Doc;

#[debug_handler]
async fn get() -> Doc {
    Doc
}

#[debug_handler]
async fn find() -> Result<Doc, WampError> {
    Ok(Doc)
}

#[debug_handler]
async fn list() -> Vec<Doc> {
    vec![Doc]
}

fn main() {}
