//! Procedures fail with an error that has no URI: one of the system, one behind an alias, one of their own.
use serverwamp::debug_handler;

struct DocError;

#[debug_handler]
async fn read() -> Result<String, std::io::Error> {
    std::fs::read_to_string("doc")
}

#[debug_handler]
async fn read_by_alias() -> std::io::Result<String> {
    std::fs::read_to_string("doc")
}

#[debug_handler]
async fn get() -> Result<u32, DocError> {
    Err(DocError)
}

fn main() {}
