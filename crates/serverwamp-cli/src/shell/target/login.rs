//! How the shell proves who it is.

use super::environment::Secrets;
use super::method::Method;
use super::settings::TargetSettings;
use crate::failure::Failure;
use crate::secret_input;
use crate::shell::output::visible_on_a_line;
use serverwamp::auth::{CryptosignKey, Secret};
use serverwamp::client::Login;
use std::path::{Path, PathBuf};

/// A login, whose secrets are read when it is used.
#[derive(Debug)]
pub(super) struct LoginPlan {
    authid: Option<String>,
    /// The one method that is offered; without it each for which there is a secret.
    method: Option<Method>,
    proof: Proof,
}

#[derive(Debug)]
enum Proof {
    Anonymous,
    Files {
        ticket: Option<PathBuf>,
        secret: Option<PathBuf>,
        key: Option<PathBuf>,
    },
    Secrets(Secrets),
    /// Asked for at the terminal: a ticket, or a secret that is never sent.
    Typed {
        ticket: bool,
    },
}

impl LoginPlan {
    pub(super) fn new(settings: &TargetSettings, secrets: Secrets, ticket: bool) -> Result<Self, Failure> {
        let (authid, method) = (settings.authid.clone(), settings.authmethod);
        let has_file = method.map_or_else(|| settings.has_proof(), |method| settings.has_proof_by(method));
        let proof = if ticket {
            if let Some(method) = method.filter(|method| *method != Method::Ticket) {
                return Err(method.without_secret());
            }
            Proof::Typed { ticket }
        } else if has_file {
            let of = |file: &Option<PathBuf>, methods: &[Method]| {
                file.clone().filter(|_| method.is_none_or(|method| methods.contains(&method)))
            };
            Proof::Files {
                ticket: of(&settings.ticket_file, &[Method::Ticket]),
                secret: of(&settings.secret_file, &[Method::Wampcra, Method::WampScram]),
                key: of(&settings.key, &[Method::Cryptosign]),
            }
        } else if secrets.has(method) {
            Proof::Secrets(secrets)
        } else if let Some(method) = method
            && (authid.is_none() || method == Method::Cryptosign || settings.has_proof() || secrets.has(None))
        {
            return Err(method.without_secret());
        } else if authid.is_some() {
            Proof::Typed { ticket: method == Some(Method::Ticket) }
        } else {
            Proof::Anonymous
        };
        // A key says by itself whose it is.
        let by_key_alone = matches!(&proof, Proof::Files { ticket: None, secret: None, .. });
        if authid.is_none() && !matches!(proof, Proof::Anonymous) && !by_key_alone {
            return Err(Failure::usage(
                "--authid is missing: a ticket or a secret proves a name (or set WAMP_AUTHID)",
            ));
        }
        Ok(Self { authid, method, proof })
    }

    /// The login, with its secrets.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn ask(&self) -> Result<Login, Failure> {
        let login = self.authid.as_deref().map_or_else(Login::anonymous, Login::new);
        match &self.proof {
            Proof::Anonymous => Ok(login),
            Proof::Files { ticket, secret, key } => {
                let login = match key {
                    Some(file) => login.cryptosign(read_key(file)?),
                    None => login,
                };
                let login = match secret {
                    Some(file) => self.with_secret(login, &of_file(file, "--secret-file")?),
                    None => login,
                };
                match ticket {
                    Some(file) => Ok(login.ticket(of_file(file, "--ticket-file")?)),
                    None => Ok(login),
                }
            }
            Proof::Secrets(secrets) => {
                let login = match &secrets.secret {
                    Some(secret) if self.method != Some(Method::Ticket) => self.with_secret(login, secret),
                    _ => login,
                };
                let ticket =
                    secrets.ticket.iter().filter(|_| matches!(self.method, None | Some(Method::Ticket)));
                Ok(ticket.fold(login, |login, ticket| login.ticket(ticket.clone())))
            }
            Proof::Typed { ticket } => {
                let name = self.authid.as_deref().unwrap_or_default();
                let what = if *ticket { "Ticket" } else { "Secret" };
                let files = match (ticket, self.method) {
                    (true, _) => "--ticket-file FILE, or set WAMP_TICKET",
                    (false, Some(_)) => "--secret-file FILE, or set WAMP_SECRET",
                    (false, None) => {
                        "--secret-file FILE, --ticket-file FILE or --key FILE, or set WAMP_SECRET or WAMP_TICKET"
                    }
                };
                let prompt = format!("{what} of {}: ", visible_on_a_line(name));
                let typed = secret_input::asked_once(&prompt, files).map_err(|failure| match failure {
                    Failure::Stopped(_) => failure,
                    other => of_command_line(other),
                })?;
                // A ticket crosses the network as it is, so no secret is one unless it was called so.
                Ok(if *ticket { login.ticket(typed) } else { self.with_secret(login, &typed) })
            }
        }
    }

    /// The login with a secret that is never sent, for both methods that have one or the one that is wanted.
    fn with_secret(&self, login: Login, secret: &Secret) -> Login {
        match self.method {
            Some(Method::Wampcra) => login.cra(secret.clone()),
            Some(Method::WampScram) => login.scram(secret.clone()),
            _ => login.scram(secret.clone()).cra(secret.clone()),
        }
    }
}

fn of_file(file: &Path, option: &str) -> Result<Secret, Failure> {
    secret_input::of_file(file, option).map_err(of_command_line)
}

/// A file that cannot be used is an argument that cannot be used.
fn of_command_line(failure: Failure) -> Failure {
    match failure {
        Failure::Runtime(text) => Failure::Usage(text),
        other => other,
    }
}

/// A private key of cryptosign: 32 bytes in hex, as `keygen` writes it.
fn read_key(file: &Path) -> Result<CryptosignKey, Failure> {
    let bytes = secret_input::key_of_file(file, "--key").map_err(of_command_line)?.ok_or_else(|| {
        Failure::usage(format!(
            "{} (--key) holds no private key: expected 64 hex digits, as serverwamp keygen --key FILE writes them",
            file.display()
        ))
    })?;
    Ok(CryptosignKey::new(&bytes))
}
