//! The methods of authentication that the shell has secrets for, by the names that WAMP gives them.

use crate::failure::Failure;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A method of authentication.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    /// A ticket, which is sent as it is
    Ticket,
    /// WAMP-CRA, by a secret
    Wampcra,
    /// WAMP-SCRAM, by a secret
    WampScram,
    /// WAMP-cryptosign, by a private key
    Cryptosign,
}

impl Method {
    /// The method that `WAMP_AUTHMETHOD` names.
    ///
    /// # Errors
    /// A name of no method.
    pub(super) fn of_environment(name: &str) -> Result<Self, Failure> {
        Self::from_str(name, false).map_err(|_| {
            Failure::usage(format!(
                "WAMP_AUTHMETHOD {name:?}: expected ticket or wampcra or wamp-scram or cryptosign"
            ))
        })
    }

    /// The failure that there is nothing to prove it with.
    pub(super) fn without_secret(self) -> Failure {
        let (name, needs) = match self {
            Self::Ticket => {
                ("ticket", "a ticket: add --authid NAME and --ticket-file FILE, or set WAMP_TICKET")
            }
            Self::Wampcra => {
                ("wampcra", "a secret: add --authid NAME and --secret-file FILE, or set WAMP_SECRET")
            }
            Self::WampScram => {
                ("wamp-scram", "a secret: add --authid NAME and --secret-file FILE, or set WAMP_SECRET")
            }
            Self::Cryptosign => ("cryptosign", "a private key: add --key FILE"),
        };
        Failure::usage(format!("--authmethod {name} needs {needs}"))
    }
}
