//! What the attribute cannot check, and options it does not have.
use serverwamp::debug_handler;
use serverwamp::extract::Arg;

#[debug_handler]
struct Add;

#[debug_handler]
async fn generic<T>(Arg(_it): Arg<T>) {}

struct Math;

impl Math {
    #[debug_handler]
    async fn add(&self, Arg(_a): Arg<i64>) {}
}

#[debug_handler(publication)]
async fn changes() {}

#[debug_handler(topic, on_join)]
async fn both() {}

#[debug_handler(auth::password)]
async fn check() {}

#[debug_handler]
async fn thirteen(
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
    _: Arg<u8>,
) {
}

fn main() {}
