//! The keys with which a client masks its frames.
//!
//! Invariant: a key is used once, and comes from the operating system's generator, so that nobody who has a message sent can guess
//! the bytes on the wire (RFC 6455, section 10.3).

/// One call to the operating system serves this many keys.
const BATCH: usize = 64;

/// Keys for one connection.
#[derive(Debug)]
pub(super) struct Masks {
    keys: [[u8; 4]; BATCH],
    used: usize,
}

impl Masks {
    pub(super) const fn new() -> Self {
        Self { keys: [[0; 4]; BATCH], used: BATCH }
    }

    pub(super) fn next(&mut self) -> [u8; 4] {
        if self.used >= BATCH {
            getrandom::fill(self.keys.as_flattened_mut()).expect("the operating system has random numbers");
            self.used = 0;
        }
        let key = self.keys.get(self.used).copied().unwrap_or_default();
        self.used += 1;
        key
    }
}
