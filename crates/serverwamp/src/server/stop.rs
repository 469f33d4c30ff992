//! SIGINT and SIGTERM, on every runtime: a thread waits for them, and wakes whoever serves.
//!
//! Invariant: a signal that finds nobody to tell, because all were told before or nobody serves any more, does what it does
//! in a program that does not care for signals.

use std::io;
use std::sync::Arc;

use crate::base::signal::Signal;

/// Somebody who stops at the next signal, until it is dropped.
#[derive(Debug)]
pub(super) struct StopSignals {
    stop: Arc<Signal<()>>,
}

impl StopSignals {
    /// Listens for signals from now on.
    pub(super) fn listen() -> io::Result<Self> {
        let stop = Arc::default();
        system::tell(&stop)?;
        Ok(Self { stop })
    }

    /// Waits for one.
    pub(super) async fn next(&self) {
        self.stop.wait().await;
    }
}

#[cfg(unix)]
impl Drop for StopSignals {
    fn drop(&mut self) {
        system::forget(&self.stop);
    }
}

#[cfg(unix)]
mod system {
    use std::io;
    use std::sync::{Arc, LazyLock, OnceLock, PoisonError};
    use std::thread;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::low_level::emulate_default_handler;

    use crate::base::locks::Mutex;
    use crate::base::signal::Signal;

    /// The server that stops at the next signal.
    static WAITING: LazyLock<Mutex<Vec<Arc<Signal<()>>>>> = LazyLock::new(Mutex::default);

    /// Whether the thread runs, or the error for which it does not.
    static LISTENS: OnceLock<Result<(), Arc<io::Error>>> = OnceLock::new();

    pub(super) fn tell(stop: &Arc<Signal<()>>) -> io::Result<()> {
        let listens = LISTENS.get_or_init(|| listen().map_err(Arc::new));
        listens.clone().map_err(|error| io::Error::new(error.kind(), error))?;
        WAITING.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(stop));
        Ok(())
    }

    pub(super) fn forget(stop: &Arc<Signal<()>>) {
        WAITING.lock().unwrap_or_else(PoisonError::into_inner).retain(|waiting| !Arc::ptr_eq(waiting, stop));
    }

    fn listen() -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        thread::Builder::new().name("serverwamp-signals".to_owned()).spawn(move || {
            for signal in signals.forever() {
                let waiting = std::mem::take(&mut *WAITING.lock().unwrap_or_else(PoisonError::into_inner));
                if waiting.is_empty() {
                    // It ends the process, so that whoever started it sees by which signal.
                    drop(emulate_default_handler(signal));
                }
                for stop in waiting {
                    stop.set(());
                }
            }
        })?;
        Ok(())
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;
    use std::sync::Arc;

    use crate::base::signal::Signal;

    pub(super) fn tell(_: &Arc<Signal<()>>) -> io::Result<()> {
        Ok(())
    }
}
