//! Which router, which realm, and as whom: from the command line, a context, the environment, or by default.
//!
//! Each setting comes from the first of these that has it: an option; the context of `--context`; the environment; the context that
//! is selected; the default. A proof that was written down for one authid is never used for another one.

pub(in crate::shell) mod address;
pub(crate) mod contexts;
mod environment;
mod login;
mod method;
mod settings;

pub(crate) use self::environment::VARIABLES;
pub(crate) use self::settings::{TargetOptions, TargetSettings};

use self::environment::{Environment, Secrets};
use self::login::LoginPlan;
use super::duration::Span;
use crate::failure::Failure;
use contexts::Contexts;
use serverwamp::client::{Client, ClientBuilder, ClientTls};
use serverwamp_proto::websocket::Subprotocol;
use std::time::Duration;

/// The address where `serverwamp dev` is.
pub(crate) const DEFAULT_URL: &str = "ws://localhost:8080/ws";
/// The realm of `serverwamp dev`, and of most routers' examples.
pub(crate) const DEFAULT_REALM: &str = "realm1";

/// The time of each step on the way to a session, as the library has it.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// A router, a realm in it, and a login.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) realm: String,
    subprotocol: Option<Subprotocol>,
    tls: Option<ClientTls>,
    /// The time of each step on the way to a session.
    pub(crate) step_timeout: Duration,
    login: LoginPlan,
    /// All of it as it was set.
    settings: TargetSettings,
}

impl Target {
    /// What the options, the environment and the contexts say.
    ///
    /// # Errors
    /// A context that is not there or cannot be read; settings that do not fit together.
    pub(crate) fn find(options: &TargetOptions) -> Result<Self, Failure> {
        let environment = Environment::of_process()?;
        // A file that is broken stops only those who need it.
        let selected = match &options.context {
            Some(name) => Contexts::load()?.named(name)?,
            None => Contexts::load()?.selected()?,
        };
        Self::resolve(options, environment, selected)
    }

    /// What these options and their context say, and nothing else: for commands with two targets, of which neither is the usual one.
    ///
    /// # Errors
    /// As for [`find`](Self::find).
    pub(crate) fn find_alone(options: &TargetOptions) -> Result<Self, Failure> {
        let context = match &options.context {
            Some(name) => Contexts::load()?.named(name)?,
            None => TargetSettings::default(),
        };
        Self::resolve(options, Environment::default(), context)
    }

    fn resolve(
        options: &TargetOptions,
        environment: Environment,
        context: TargetSettings,
    ) -> Result<Self, Failure> {
        let named = options.context.is_some();
        let Environment { settings: environment, secrets } = environment;
        let of_environment = environment.url.clone();
        let layers = match named {
            true => [options.settings.clone(), context, environment],
            false => [options.settings.clone(), environment, context],
        };
        let [first, second, third] = layers;
        let typed_tls = first.has_tls();
        let settings = first.or(second).or(third);
        let url = settings.url.clone().unwrap_or_else(|| DEFAULT_URL.to_owned());
        // Secrets of the environment are for the router that it names, if it names one.
        let secrets = match of_environment.is_some_and(|named| named != url) {
            true => Secrets::default(),
            false => secrets,
        };
        let secure =
            ["wss:", "rss:", "https:"].iter().any(|scheme| url.to_ascii_lowercase().starts_with(scheme));
        // An option that cannot count is a mistake; a setting of every day that does not apply here is none.
        let settings = if secure || typed_tls { settings } else { settings.without_tls() };
        let subprotocol = settings.subprotocol()?;
        let tls = settings.tls()?;
        let realm = settings.realm.clone().unwrap_or_else(|| DEFAULT_REALM.to_owned());
        let login = LoginPlan::new(&settings, secrets, options.ticket)?;
        let step_timeout = options.connect_timeout.map_or(STEP_TIMEOUT, |Span(timeout)| timeout);
        Ok(Self { url, realm, subprotocol, tls, step_timeout, login, settings })
    }

    /// The name to log in with, if there is one.
    pub(in crate::shell) fn authid(&self) -> Option<&str> {
        self.settings.authid.as_deref()
    }

    /// The option whose file this text is about.
    pub(in crate::shell) fn option_of_file(&self, text: &str) -> Option<&'static str> {
        self.settings.option_of_file(text)
    }

    /// The address as other people may see it: without a query and a user, which may be secrets.
    pub(crate) fn shown_url(&self) -> String {
        let url = self.url.split('?').next().unwrap_or_default();
        match (url.split_once("://"), url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
            _ => url.to_owned(),
        }
    }

    /// A client that is about to connect there. A secret that nobody wrote down is asked for at the terminal.
    ///
    /// # Errors
    /// Secrets and keys that cannot be read.
    pub(crate) fn builder(&self) -> Result<ClientBuilder, Failure> {
        let mut builder = Client::connect(&*self.url).realm(&*self.realm).login(self.login.ask()?);
        builder = builder.timeout(self.step_timeout);
        if let Some(subprotocol) = self.subprotocol {
            builder = builder.subprotocols([subprotocol]);
        }
        if let Some(tls) = &self.tls {
            builder = builder.tls(tls.clone());
        }
        Ok(builder)
    }
}

#[cfg(test)]
mod tests;
