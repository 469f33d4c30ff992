//! The program that the web console copies as Rust, for the router that the command line names.

include!(concat!(env!("OUT_DIR"), "/copied.rs"));
