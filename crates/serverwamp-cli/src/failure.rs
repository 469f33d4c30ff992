//! The failure that ends the program: one line with the remedy, and the exit status.

use std::fmt;
use std::process::ExitCode;

/// Why the program ends without having done what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line cannot be followed.
    Usage(String),
    /// It was followed, and did not work out.
    Runtime(String),
    /// What is wrong with a configuration, as it is printed: many lines, with their own beginnings.
    Mistakes(String),
    /// The answer is no, and has been printed: of `why`, or of `check`.
    Refused,
    /// A router, or a peer behind it, answered with an error: its URI, its text, and lines below.
    Answered(String),
    /// There is no connection to the router, or it was lost.
    Connection(String),
    /// The router does not let this user in.
    Authentication(String),
    /// Somebody has stopped it, before it was done.
    Stopped(String),
    /// Whoever read the output has stopped to. That is no fault of anybody: `serverwamp subscribe chat | head -1`.
    Unread,
}

impl Failure {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    pub(crate) fn runtime(text: impl Into<String>) -> Self {
        Self::Runtime(text.into())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Unread => ExitCode::SUCCESS,
            Self::Runtime(_) | Self::Answered(_) | Self::Stopped(_) | Self::Mistakes(_) | Self::Refused => {
                ExitCode::from(1)
            }
            Self::Usage(_) => ExitCode::from(2),
            Self::Connection(_) => ExitCode::from(3),
            Self::Authentication(_) => ExitCode::from(4),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(text)
            | Self::Runtime(text)
            | Self::Connection(text)
            | Self::Authentication(text)
            | Self::Stopped(text) => write!(f, "serverwamp: {text}"),
            Self::Answered(text) => write!(f, "error: {text}"),
            Self::Mistakes(text) => f.write_str(text),
            Self::Unread | Self::Refused => Ok(()),
        }
    }
}
