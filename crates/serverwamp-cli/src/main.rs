//! The serverwamp program.
fn main() {}
