//! Configurations as a whole: mistakes word for word, explanations, what no text may do to the reader, the reference, the schema.

#![expect(clippy::disallowed_methods, reason = "a test measures how long reading takes")]
#![expect(clippy::unwrap_used, reason = "a test fails there")]

mod changes;
mod environment;
mod explanations;
mod mistakes;
#[cfg(target_os = "linux")]
mod named_files;
mod pages;
mod robustness;
mod support;
mod values;
