//! The mistakes users make, and what the compiler tells them. `TRYBUILD=overwrite cargo test -p serverwamp --test
//! compile_errors` writes the messages anew; read the difference.
//!
//! All are compiled at once and only checked; what has to compile is in `debug_handler.rs` beside this file, because one
//! such case here would have everything built.

#[test]
fn mistakes_get_a_message_that_helps() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    #[cfg(feature = "macros")]
    cases.compile_fail("tests/ui/debug_handler/*.rs");
}
