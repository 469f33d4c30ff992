//! The settings of a target, as options and as entries of a context.

use super::address;
use super::method::Method;
use crate::failure::Failure;
use crate::shell::duration::Span;
use clap::Args;
use serde::{Deserialize, Serialize};
use serverwamp::Serializer;
use serverwamp::client::ClientTls;
use serverwamp_proto::websocket::Subprotocol;
use std::fs::File;
use std::path::{Path, PathBuf};

/// The options of every command that connects to a router.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Router")]
pub(crate) struct TargetOptions {
    /// The context to take what is not given from; see serverwamp help context
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Ask for a ticket at the terminal, which is sent as it is, in place of a secret, which is not
    #[arg(long, conflicts_with_all = ["ticket_file", "secret_file", "key"])]
    pub(crate) ticket: bool,
    /// The time of each step on the way to a session [default: 10s]
    #[arg(long, value_name = "TIME")]
    pub(crate) connect_timeout: Option<Span>,
    #[command(flatten)]
    pub(crate) settings: TargetSettings,
}

impl TargetOptions {
    /// Returns whether an option says which router is meant.
    pub(crate) const fn names_a_router(&self) -> bool {
        self.context.is_some() || self.settings.url.is_some()
    }
}

/// Which router, and as whom. What is not set is taken from elsewhere.
#[derive(Args, Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct TargetSettings {
    /// The address of the router: ws://, wss://, rs://, rss://, unix://, ws+unix://, http:// or https:// [default: ws://localhost:8080/ws]
    #[arg(long, value_name = "URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The realm to join [default: realm1]
    #[arg(long, value_name = "REALM")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) realm: Option<String>,
    /// json, msgpack or cbor, or one of them with .batched behind it [default: what the router prefers]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) serializer: Option<String>,
    /// The name to log in with; without a file below its secret comes from WAMP_SECRET or WAMP_TICKET, or is asked for
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authid: Option<String>,
    /// Log in by this method alone [default: each for which there is a secret, and the router chooses]
    #[arg(long, value_name = "METHOD")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authmethod: Option<Method>,
    /// Log in with the ticket in this file
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ticket_file: Option<PathBuf>,
    /// Log in by WAMP-SCRAM or WAMP-CRA with the secret in this file
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Log in by WAMP-cryptosign with the private key in this file, as serverwamp keygen writes it
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<PathBuf>,
    /// Trust the authorities in this PEM file, and not those of the system
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Show the certificates in this PEM file to the router
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_certificates: Option<PathBuf>,
    /// The key of the first of them, in PEM
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tls_key: Option<PathBuf>,
}

impl TargetSettings {
    /// These settings, and those of `other` where these say nothing.
    pub(super) fn or(self, other: Self) -> Self {
        let other = if self.is_elsewhere(&other) { Self::default() } else { other };
        let (has_proof, same_user) = (
            self.has_proof(),
            self.authid.is_none() || other.authid.is_none() || self.authid == other.authid,
        );
        // A method of somebody else, or for a file that is not used, narrows nothing.
        let fits = |method: &Method| same_user && (!has_proof || self.has_proof_by(*method));
        let authmethod = self.authmethod.or_else(|| other.authmethod.filter(fits));
        let other = if has_proof || !same_user { other.without_proof() } else { other };
        // A certificate without its key, or with another one's, is none.
        let other = if self.tls_certificates.is_some() || self.tls_key.is_some() {
            other.without_certificate()
        } else {
            other
        };
        Self {
            url: self.url.or(other.url),
            realm: self.realm.or(other.realm),
            serializer: self.serializer.or(other.serializer),
            authid: self.authid.or(other.authid),
            authmethod,
            ticket_file: self.ticket_file.or(other.ticket_file),
            secret_file: self.secret_file.or(other.secret_file),
            key: self.key.or(other.key),
            tls_ca: self.tls_ca.or(other.tls_ca),
            tls_certificates: self.tls_certificates.or(other.tls_certificates),
            tls_key: self.tls_key.or(other.tls_key),
        }
    }

    /// Whether both name a router, and not the same one. Realms, logins and authorities belong to their router, which alone should see
    /// a ticket.
    fn is_elsewhere(&self, other: &Self) -> bool {
        self.url.is_some() && other.url.is_some() && self.url != other.url
    }

    pub(super) fn has_proof(&self) -> bool {
        self.ticket_file.is_some() || self.secret_file.is_some() || self.key.is_some()
    }

    /// Whether there is a file for this method.
    pub(super) fn has_proof_by(&self, method: Method) -> bool {
        match method {
            Method::Ticket => self.ticket_file.is_some(),
            Method::Wampcra | Method::WampScram => self.secret_file.is_some(),
            Method::Cryptosign => self.key.is_some(),
        }
    }

    fn without_proof(self) -> Self {
        Self { ticket_file: None, secret_file: None, key: None, ..self }
    }

    /// Without what only TLS needs, for a router without it.
    pub(super) fn without_tls(self) -> Self {
        Self { tls_ca: None, ..self.without_certificate() }
    }

    pub(super) fn has_tls(&self) -> bool {
        self.tls_files().iter().any(|(_, file)| file.is_some())
    }

    /// The files that TLS needs, with the options that name them.
    fn tls_files(&self) -> [(&'static str, Option<&Path>); 3] {
        [
            ("--tls-ca", self.tls_ca.as_deref()),
            ("--tls-certificates", self.tls_certificates.as_deref()),
            ("--tls-key", self.tls_key.as_deref()),
        ]
    }

    /// The option whose file this text is about, as the library says what is wrong with one.
    pub(super) fn option_of_file(&self, text: &str) -> Option<&'static str> {
        let named = |file: &Path| text.contains(&*file.to_string_lossy());
        self.tls_files().iter().find(|(_, file)| file.is_some_and(named)).map(|(option, _)| *option)
    }

    fn without_certificate(self) -> Self {
        Self { tls_certificates: None, tls_key: None, ..self }
    }

    /// The same settings with whole paths, so that they hold wherever they are used.
    ///
    /// # Errors
    /// There is no current directory any more.
    pub(crate) fn absolute(self) -> Result<Self, Failure> {
        let whole = |path: Option<PathBuf>| {
            let path = path.map(std::path::absolute).transpose();
            path.map_err(|error| Failure::usage(format!("a file has no whole path: {error}")))
        };
        Ok(Self {
            ticket_file: whole(self.ticket_file)?,
            secret_file: whole(self.secret_file)?,
            key: whole(self.key)?,
            tls_ca: whole(self.tls_ca)?,
            tls_certificates: whole(self.tls_certificates)?,
            tls_key: whole(self.tls_key)?,
            ..self
        })
    }

    /// Checks what can be checked without a router.
    ///
    /// # Errors
    /// The first setting that cannot be used.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if let Some(url) = &self.url
            && let Some(why) = address::fault(url)
        {
            return Err(Failure::usage(format!("{url:?} is no address of a router: {why}")));
        }
        self.subprotocol()?;
        self.tls()?;
        Ok(())
    }

    pub(super) fn subprotocol(&self) -> Result<Option<Subprotocol>, Failure> {
        let Some(name) = &self.serializer else { return Ok(None) };
        let (plain, batched) = match name.strip_suffix(".batched") {
            Some(plain) => (plain, true),
            None => (&**name, false),
        };
        let serializer = match plain {
            "json" => Serializer::Json,
            "msgpack" => Serializer::MessagePack,
            "cbor" => Serializer::Cbor,
            _ => {
                let text = format!(
                    "--serializer {name:?}: expected json, msgpack or cbor, or json.batched and so on"
                );
                return Err(Failure::usage(text));
            }
        };
        Ok(Some(if batched { Subprotocol::new(serializer).batched() } else { Subprotocol::new(serializer) }))
    }

    pub(super) fn tls(&self) -> Result<Option<ClientTls>, Failure> {
        let mut tls = ClientTls::new();
        if let Some(file) = &self.tls_ca {
            tls = tls.authorities(file);
        }
        match (&self.tls_certificates, &self.tls_key) {
            (Some(certificates), Some(key)) => tls = tls.certificate(certificates, key),
            (None, None) => {}
            (Some(_), None) => {
                return Err(Failure::usage(
                    "--tls-key is missing: it is given together with --tls-certificates",
                ));
            }
            (None, Some(_)) => {
                return Err(Failure::usage(
                    "--tls-certificates is missing: it is given together with --tls-key",
                ));
            }
        }
        for (option, file) in self.tls_files() {
            if let Some(file) = file {
                // Their contents are looked at when they are used.
                File::open(file).map_err(|error| {
                    Failure::usage(format!("{option} {} cannot be read: {error}", file.display()))
                })?;
            }
        }
        Ok(self.has_tls().then_some(tls))
    }
}
