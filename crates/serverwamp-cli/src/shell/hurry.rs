//! The second Ctrl-C: it ends a command at once, also one that waits for a reader of its output, for a person at a prompt, or for a
//! router that does not say GOODBYE.

use crate::failure::Failure;
use crate::secret_input;
use crate::stop::StopSignals;
use std::io::Write as _;
use std::time::Duration;

/// The time for a command that has heard of a second signal to end by itself, with what it has to say.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Ends the process when it is asked to stop for the second time, or for the first time while a secret is typed.
///
/// It has a thread of its own, because a command may hold up the thread that it runs on.
///
/// # Errors
/// Signals that cannot be listened for.
pub(super) fn watch() -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::runtime(format!("cannot start: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let mut signals = runtime.block_on(async { StopSignals::listen() })?;
    let watching = move || {
        runtime.block_on(async {
            signals.next().await;
            if !secret_input::is_asking() {
                signals.next().await;
                // A third one is for those who cannot wait so long.
                drop(tokio::time::timeout(LAST_WORDS, signals.next()).await);
            }
        });
        secret_input::give_terminal_back();
        super::register::group::kill_all();
        drop(writeln!(std::io::stderr(), "serverwamp: stopped at once"));
        std::process::exit(1)
    };
    std::thread::Builder::new().name("hurry".to_owned()).spawn(watching).map(drop).map_err(cannot)
}
