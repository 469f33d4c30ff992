//! Results that answer other kinds of requests.
use serverwamp::auth::Principal;
use serverwamp::{WampError, debug_handler};

#[debug_handler(topic)]
async fn changes() -> u32 {
    7
}

#[debug_handler(on_connect)]
async fn connected() -> Result<u32, WampError> {
    Ok(7)
}

#[debug_handler(on_join)]
async fn joined() -> u32 {
    7
}

#[debug_handler(auth::transport)]
async fn by_cookie() -> bool {
    true
}

#[debug_handler(auth::ticket)]
async fn by_ticket() -> bool {
    true
}

#[debug_handler(auth::cra)]
async fn by_signature() -> Option<Principal> {
    None
}

#[debug_handler(auth::custom)]
async fn by_dialogue() -> Result<bool, WampError> {
    Ok(true)
}

fn main() {}
