//! A program with all the processes that it starts: its group, which ends as a whole.
//!
//! Invariant: nothing of a program that was run for a call is left when the call is over, except what has made a session of its own.

use tokio::process::Child;

/// The processes of one program. They are killed when it is dropped.
#[derive(Debug)]
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
mod running {
    //! The groups that are there: a process that exits drops nothing.

    use rustix::process::{Pid, Signal, kill_process_group};
    use std::collections::HashSet;
    use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

    fn all() -> MutexGuard<'static, HashSet<Pid>> {
        static ALL: OnceLock<Mutex<HashSet<Pid>>> = OnceLock::new();
        ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(leader: Pid) {
        all().insert(leader);
    }

    pub(super) fn kill(leader: Pid) {
        if all().remove(&leader) {
            // One that has ended needs nothing.
            let _killed = kill_process_group(leader, Signal::KILL);
        }
    }

    pub(super) fn kill_all() {
        for leader in all().drain() {
            let _killed = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Group {
    /// The group of a process that was started as the leader of one.
    #[cfg(unix)]
    pub(super) fn of(process: &Child) -> Self {
        let leader =
            process.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        leader.into_iter().for_each(running::add);
        Self { leader }
    }

    /// The process alone, which `kill_on_drop` kills.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Child) -> Self {
        Self {}
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        self.leader.into_iter().for_each(running::kill);
    }
}

/// Kills what runs, before the process exits.
pub(in crate::shell) fn kill_all() {
    #[cfg(unix)]
    running::kill_all();
}
