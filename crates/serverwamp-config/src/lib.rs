//! The configuration file of the program `serverwamp`: one table of keys, and what is made of it.
//!
//! In: TOML text and variables of the environment. Out: a [`Config`](model::Config), or every mistake in it, each with a stable code, its
//! place and what to do. Invariant: nothing here opens a connection; the files that a configuration names are read only by what says so.
//!
//! ```
//! use serverwamp_config::{Environment, read};
//!
//! let text = "[[realm]]\nname = \"realm1\"\nauth = [{ anonymous = {} }]\n";
//! let read = read(text, &Environment::empty());
//! assert!(read.mistakes.is_empty());
//! assert_eq!(read.config.unwrap().realm.len(), 1);
//! ```

pub mod build;
mod changes;
mod check;
pub mod codes;
mod environment;
pub mod import;
mod mistake;
pub mod model;
mod named_file;
mod nearest;
mod node;
mod print;
mod read;
mod reading;
mod redact;
pub mod reference;
mod section;
mod shape;
pub mod values;

pub use changes::Change;
pub use check::{check, check_at};
pub use environment::Environment;
pub use mistake::{Mistake, Mistakes};
pub use named_file::{open_file, read_file};
pub use nearest::distance;
pub use node::{Place, Source};
pub use print::{Printer, Style};
pub use read::{ReadConfig, changes, read};
pub use reading::{At, NodeRef, Reading, Setting};
pub use section::{Key, Reload, Section};
pub use shape::Shape;
