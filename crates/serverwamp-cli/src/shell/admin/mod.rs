//! Commands that look into a running server and act on it, by its admin interface.
//!
//! In: a router whose admin interface is reached, and a login there. Out: tables for people, JSON for programs. `--realm` says which realm is
//! looked at; the realm that is joined is always that of the admin interface.

mod answers;
pub(crate) mod console;
pub(crate) mod kill;
pub(crate) mod list;
pub(crate) mod node;
pub(crate) mod replay;
pub(crate) mod tail;
#[cfg(unix)]
pub(crate) mod top;
pub(crate) mod why;

use super::connect::{connect, explained};
use super::output::visible_on_a_line;
use super::target::{Target, TargetOptions};
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::client::Client;
use serverwamp::extract::Kwargs;
use serverwamp::{Dict, Value, WampError, uris};
use std::path::PathBuf;

/// The realm of the admin interface.
const ADMIN_REALM: &str = "serverwamp.admin";

/// Where the admin interface is, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct AdminOptions {
    /// The Unix socket of the admin interface on this machine, where no password is asked for
    #[arg(long, value_name = "PATH", conflicts_with_all = ["url", "context"])]
    socket: Option<PathBuf>,
    #[command(flatten)]
    target: TargetOptions,
}

/// A session with the admin interface.
pub(super) struct AdminClient {
    client: Client,
    /// The realm that is looked at.
    pub(super) realm: String,
}

impl AdminOptions {
    /// The admin interface of the router that these options name.
    fn of(target: &TargetOptions) -> Self {
        Self { socket: None, target: target.clone() }
    }

    /// The realm that `--realm` names.
    pub(crate) fn realm(&self) -> Option<&str> {
        self.target.settings.realm.as_deref()
    }

    fn target(&self) -> Result<(Target, String), Failure> {
        let mut options = self.target.clone();
        if let Some(socket) = &self.socket {
            let whole = std::path::absolute(socket)
                .map_err(|error| Failure::usage(format!("--socket has no whole path: {error}")))?;
            let path = whole.to_str().ok_or_else(|| Failure::usage("--socket is a path in UTF-8"))?;
            options.settings.url = Some(format!("unix://{path}"));
        }
        let mut target = Target::find(&options)?;
        let realm = std::mem::replace(&mut target.realm, ADMIN_REALM.to_owned());
        Ok((target, realm))
    }
}

impl AdminClient {
    /// Joins the realm of the admin interface.
    ///
    /// # Errors
    /// That there is no connection, no admin interface, or no login.
    pub(super) async fn join(options: &AdminOptions, signals: &mut StopSignals) -> Result<Self, Failure> {
        let (target, realm) = options.target()?;
        let client = connect(&target, signals).await.map_err(|failure| match failure {
            Failure::Answered(text) if text.starts_with(uris::error::NO_SUCH_REALM) => {
                Failure::Answered(format!(
                    "{} has no admin interface here: `[admin]` in its configuration turns it on, and names the listener\n  {text}",
                    target.shown_url()
                ))
            }
            other => other,
        })?;
        Ok(Self { client, realm })
    }

    /// Calls a procedure of the admin interface.
    ///
    /// # Errors
    /// What it answered, with what to do about it.
    pub(super) async fn ask(&self, procedure: &str, arguments: Dict) -> Result<Value, Failure> {
        let answer = self.client.call::<Value, _>(procedure, Kwargs(arguments)).await;
        answer.map_err(|error| self.failed(procedure, &error))
    }

    /// Calls one that needs the program `serverwamp serve` around the router.
    ///
    /// # Errors
    /// As for [`ask`](Self::ask); that another program serves the router, such as `serverwamp dev`.
    pub(super) async fn ask_program(&self, procedure: &str, arguments: Dict) -> Result<Value, Failure> {
        let error = match self.client.call::<Value, _>(procedure, Kwargs(arguments)).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        // What nobody serves no role is allowed, so the refusal does not tell the one from the other; the list of procedures does.
        if error.uri() == uris::error::NOT_AUTHORIZED
            && let Ok(table) = self.client.call::<Value, _>("serverwamp.admin.describe", ()).await
            && let Some(rows) = table.get("items").and_then(Value::as_list)
            && !rows.iter().any(|row| row.get("name").and_then(Value::as_str) == Some(procedure))
        {
            return Err(Failure::Answered(format!(
                "the server has no {procedure}: only `serverwamp serve` has it, and this one is `serverwamp dev` or another program"
            )));
        }
        Err(self.failed(procedure, &error))
    }

    /// Calls one that is about the realm.
    pub(super) async fn ask_of_realm(&self, procedure: &str, arguments: Dict) -> Result<Value, Failure> {
        self.ask(procedure, self.of_realm(arguments)).await
    }

    /// These arguments and the realm.
    pub(super) fn of_realm(&self, mut arguments: Dict) -> Dict {
        arguments.insert("realm", self.realm.as_str());
        arguments
    }

    /// The failure that an answer is.
    pub(super) fn failed(&self, procedure: &str, error: &WampError) -> Failure {
        let hint = match error.uri() {
            uris::error::NETWORK_FAILURE => return Failure::Connection(explained(error)),
            uris::error::NO_SUCH_REALM => {
                format!("\n  --realm says which realm to look at; it is {:?}", visible_on_a_line(&self.realm))
            }
            uris::error::NOT_AUTHORIZED => format!("\n  the role that logged in may not use {procedure}"),
            uris::error::NO_SUCH_PROCEDURE => format!("\n  the server does not serve {procedure}"),
            _ => String::new(),
        };
        Failure::Answered(format!("{}{hint}", explained(error)))
    }

    pub(super) async fn leave(self) {
        self.client.leave().await;
    }
}

/// Runs a command with a session of the admin interface.
fn with_admin<F>(options: &AdminOptions, command: F) -> Result<(), Failure>
where
    F: AsyncFnOnce(&AdminClient, &mut StopSignals) -> Result<(), Failure>,
{
    super::block_on(async {
        let mut signals = StopSignals::of_command()?;
        let admin = AdminClient::join(options, &mut signals).await?;
        let outcome = command(&admin, &mut signals).await;
        admin.leave().await;
        outcome
    })
}
