//! Configurations as a whole: mistakes word for word, explanations, what no text may do to the reader, the reference, the schema.

mod explanations;
mod mistakes;
mod pages;
mod robustness;
mod support;
