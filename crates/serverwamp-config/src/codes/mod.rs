//! The stable codes of mistakes, each with its explanation for `serverwamp explain`.
//!
//! A code keeps its meaning from version to version; a new kind gets a new number. 01xx: what is written. 02xx: what it means. 03xx:
//! what it needs of this machine. The examples in the explanations are checked by a test: the wrong one has the mistake, the right one none.

mod access;
mod listeners;
mod machine;
mod realms;
mod written;

pub use access::*;
pub use listeners::*;
pub use machine::*;
pub use realms::*;
pub use written::*;

/// A kind of mistake.
#[derive(Debug, Eq, PartialEq)]
pub struct Code {
    number: u16,
    name: &'static str,
    explanation: &'static str,
    warning: bool,
}

impl Code {
    /// `SW0107`.
    pub fn id(&self) -> String {
        format!("SW{:04}", self.number)
    }

    /// The kind in a few words.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What the kind is, why it is a mistake, an example of it and its mending; in Markdown.
    pub fn explanation(&self) -> String {
        crate::reference::text(self.explanation)
    }

    /// Whether the file can be used all the same.
    pub const fn is_warning(&self) -> bool {
        self.warning
    }

    /// All of them, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        [WRITTEN, LISTENERS, REALMS, ACCESS, MACHINE].into_iter().flatten().copied()
    }

    /// The code of this id, however it is written: `SW0107`, `sw107`, `107`.
    pub fn find(id: &str) -> Option<&'static Self> {
        let digits = id.trim_start_matches(['S', 's', 'W', 'w']);
        let number: u16 = digits.parse().ok()?;
        Self::all().find(|code| code.number == number)
    }
}

/// The codes, and their list.
macro_rules! codes {
    ($list:ident: $($(#[doc = $text:literal])+ $severity:ident $number:literal $constant:ident $name:literal;)+) => {
        $(
            $(#[doc = $text])+
            pub static $constant: $crate::codes::Code = $crate::codes::Code {
                number: $number,
                name: $name,
                explanation: concat!($($text, "\n"),+),
                warning: $crate::codes::codes!(@$severity),
            };
        )+

        /// All of them, in the order of their numbers.
        pub(super) static $list: &[&$crate::codes::Code] = &[$(&$constant),+];
    };
    (@error) => { false };
    (@warning) => { true };
}

pub(crate) use codes;
