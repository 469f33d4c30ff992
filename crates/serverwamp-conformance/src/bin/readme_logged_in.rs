//! The program of README.md with its change that lets only logged-in users in, at a port that is free.

include!(concat!(env!("OUT_DIR"), "/readme_logged_in.rs"));
