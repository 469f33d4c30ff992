//! What an operator says of a node: where NATS is, who the node is, and how it shows that.

use serverwamp::cluster::NodeName;
use std::fmt;
use std::path::PathBuf;

/// What [`Nats::connect`](crate::Nats::connect) needs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The name of the cluster: the nodes that share it are one.
    pub cluster: NodeName,
    /// The name of this node, which no other one of the cluster has.
    pub node: NodeName,
    /// Servers of NATS, as `nats://HOST:PORT`, or `tls://HOST:PORT` where TLS is required. Others of their cluster are found through
    /// them.
    pub servers: Vec<String>,
    /// How the node shows who it is; `None` where the server asks nobody.
    pub credentials: Option<Credentials>,
    /// Files for TLS.
    pub tls: Tls,
    /// How many servers keep the store, if it has to be made: 1, 3 or 5. Several need a NATS cluster of as many.
    pub replicas: usize,
}

impl Settings {
    /// Settings without credentials, for a store on one server.
    pub fn new(cluster: NodeName, node: NodeName, servers: Vec<String>) -> Self {
        Self { cluster, node, servers, credentials: None, tls: Tls::default(), replicas: 1 }
    }
}

/// How a node shows who it is. What is secret is not shown by `Debug`.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credentials {
    /// A user and its password.
    Password {
        /// The user.
        user: String,
        /// Its password.
        password: String,
    },
    /// A token.
    Token(String),
    /// The seed of an nkey, `SU...`, with which what the server sends is signed.
    Nkey(String),
    /// The content of a credentials file, as `nsc` writes it: a JWT and the seed of its nkey.
    File(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => {
                f.debug_struct("Password").field("user", user).finish_non_exhaustive()
            }
            Self::Token(_) => f.write_str("Token(..)"),
            Self::Nkey(_) => f.write_str("Nkey(..)"),
            Self::File(_) => f.write_str("File(..)"),
        }
    }
}

/// Files for TLS, all in PEM.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Tls {
    /// Whether the connection has to be encrypted, whatever the server says.
    pub required: bool,
    /// The authorities that the server's certificate may come from; by default those of the system.
    pub authorities: Option<PathBuf>,
    /// The certificate with which the node shows who it is, and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}
