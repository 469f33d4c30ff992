//! What only the program around an application can do.

use crate::WampError;
use crate::rt::BoxFuture;
use serverwamp_proto::codec::Value;
use std::sync::Arc;
use std::time::Duration;

/// The error of a program that has no console.
pub(super) const NO_CONSOLE: &str = "serverwamp.error.no_console";

/// The program around an application, as its administrators command it; for [`Admin::control`](crate::Admin::control).
///
/// Each method answers a procedure of the admin interface, which checks permissions and arguments before, and writes the line of the
/// audit log afterwards. None of them may block.
pub trait NodeControl: Send + Sync + 'static {
    /// Answers `serverwamp.node.config`: the effective configuration as a dictionary, with the source of each value, and without
    /// secrets.
    ///
    /// # Errors
    /// What the caller gets.
    fn config(&self) -> BoxFuture<'_, Result<Value, WampError>>;

    /// Answers `serverwamp.node.reload`: reads the configuration again and applies it. Returns what became of it, in a line.
    ///
    /// # Errors
    /// What is wrong with the new configuration; the former one stays.
    fn reload(&self) -> BoxFuture<'_, Result<String, WampError>>;

    /// Answers `serverwamp.node.drain`: begins to stop, as the program does when it is told to, and cuts off who is still there after
    /// the time `within`, if there is one. Returns once it has begun.
    ///
    /// # Errors
    /// That it cannot stop.
    fn drain(&self, within: Option<Duration>) -> BoxFuture<'_, Result<(), WampError>>;

    /// Answers `serverwamp.node.log_level`: replaces the filter of the log and returns the former one, or, without a filter,
    /// returns the present one.
    ///
    /// # Errors
    /// That the filter cannot be followed.
    fn log_level(&self, filter: Option<String>) -> BoxFuture<'_, Result<String, WampError>>;

    /// Answers `serverwamp.node.console_link`: addresses at which one browser each logs in, once, at the web console, as this authid with
    /// this role. A program without a console leaves it as it is.
    ///
    /// # Errors
    /// That there is no console, and why.
    fn console_link(
        &self,
        authid: String,
        authrole: String,
    ) -> BoxFuture<'_, Result<Vec<String>, WampError>> {
        let _nobody = (authid, authrole);
        Box::pin(async { Err(WampError::new(NO_CONSOLE).arg("this program serves no console")) })
    }
}

impl<C: NodeControl + ?Sized> NodeControl for Arc<C> {
    fn config(&self) -> BoxFuture<'_, Result<Value, WampError>> {
        (**self).config()
    }

    fn reload(&self) -> BoxFuture<'_, Result<String, WampError>> {
        (**self).reload()
    }

    fn drain(&self, within: Option<Duration>) -> BoxFuture<'_, Result<(), WampError>> {
        (**self).drain(within)
    }

    fn log_level(&self, filter: Option<String>) -> BoxFuture<'_, Result<String, WampError>> {
        (**self).log_level(filter)
    }

    fn console_link(
        &self,
        authid: String,
        authrole: String,
    ) -> BoxFuture<'_, Result<Vec<String>, WampError>> {
        (**self).console_link(authid, authrole)
    }
}
