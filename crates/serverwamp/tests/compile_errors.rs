//! The mistakes users make, and what the compiler tells them. `TRYBUILD=overwrite cargo test -p serverwamp --test
//! compile_errors` writes the messages anew; read the difference.

#[test]
fn mistakes_get_a_message_that_helps() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
