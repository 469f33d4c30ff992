//! The stable codes of mistakes, each with its explanation for `serverwamp explain`.
//!
//! A code keeps its meaning from version to version; a new kind gets a new number. 01xx: what is written. 02xx: what it means. 03xx:
//! what it needs of this machine.

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

    /// What the kind is, why it is a mistake, an example of it and its mending.
    pub const fn explanation(&self) -> &'static str {
        self.explanation
    }

    /// Whether the file can be used all the same.
    pub const fn is_warning(&self) -> bool {
        self.warning
    }

    /// The code of this id, however it is written: `SW0107`, `sw107`, `107`.
    pub fn find(id: &str) -> Option<&'static Self> {
        let digits = id.trim_start_matches(['S', 's', 'W', 'w']);
        let number: u16 = digits.parse().ok()?;
        ALL.iter().find(|code| code.number == number).copied()
    }
}

/// The codes, and their list.
macro_rules! codes {
    ($($(#[doc = $text:literal])+ $severity:ident $number:literal $constant:ident $name:literal;)+) => {
        $(
            $(#[doc = $text])+
            pub static $constant: Code = Code {
                number: $number,
                name: $name,
                explanation: concat!($($text, "\n"),+),
                warning: codes!(@$severity),
            };
        )+

        /// All of them, in the order of their numbers.
        pub static ALL: &[&Code] = &[$(&$constant),+];
    };
    (@error) => { false };
    (@warning) => { true };
}

codes! {
    /// The file is not TOML.
    ///
    /// The place is where the parser could not go on. What comes behind it is checked all the same, so other mistakes of the same
    /// pass may be consequences of this one.
    ///
    /// Wrong: `address = 127.0.0.1:8080`. Right: `address = "127.0.0.1:8080"`.
    error 100 SYNTAX "this is not TOML";

    /// A key that does not exist.
    ///
    /// Every key is known, so that a mistyped one is noticed and does not leave its setting at the default. The nearest key is
    /// suggested. `serverwamp config explain` lists all keys, `serverwamp config explain realm` those of a table.
    ///
    /// Wrong: `max_mesage = "1 MiB"`. Right: `max_message = "1 MiB"`.
    error 107 UNKNOWN_KEY "unknown key";

    /// A value of another type than the key has.
    ///
    /// Wrong: `drain = true`. Right: `drain = "10s"`.
    error 102 WRONG_TYPE "wrong type";

    /// A value that the key cannot have: a number outside of its range, or a text of another form.
    ///
    /// Wrong: `nesting = 2`. Right: `nesting = 64`, since a message of WAMP has up to five levels by itself.
    error 103 WRONG_VALUE "value that is not allowed";

    /// A key that has no default is missing.
    ///
    /// Wrong: a `[[realm]]` without a name. Right: `name = "realm1"`.
    error 104 MISSING_KEY "missing key";

    /// A secret stands in the file.
    ///
    /// The file is read by people, copied into tickets and kept in repositories. A secret comes from a file of its own,
    /// `{ file = "/run/secrets/x" }`, or from the environment, `{ env = "X" }`. The line with the secret is not printed.
    error 105 SECRET_IN_FILE "secret in the file";

    /// A variable of the environment that starts with `SERVERWAMP_` and belongs to no key.
    ///
    /// Variables are `SERVERWAMP_` and the path of a key with two underscores between its parts: `SERVERWAMP_LIMITS__CONNECTIONS`.
    /// `serverwamp config env` lists them. This is a warning, since others set variables too: Kubernetes makes some for each service.
    warning 106 UNKNOWN_VARIABLE "unknown variable";

    /// Of several keys exactly one has to be there.
    ///
    /// Wrong: `auth = [{}]`. Right: `auth = [{ anonymous = { role = "guest" } }]`.
    error 108 ONE_OF "one of several keys";

    /// What the router refuses, although each value is right by itself.
    ///
    /// The message says what contradicts what.
    error 200 REFUSED "refused by the router";

    /// Something that the configuration names cannot be used: a file that is missing or malformed, a secret that is empty, a URL.
    ///
    /// Paths are relative to the folder of the configuration file, and have to be readable by the user that the program runs as.
    error 300 UNUSABLE "cannot be used";
}
