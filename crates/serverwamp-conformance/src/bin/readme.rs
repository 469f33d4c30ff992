//! The program of README.md, at a port that is free.

include!(concat!(env!("OUT_DIR"), "/readme.rs"));
