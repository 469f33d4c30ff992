//! The application's state on its way to the handlers.
//!
//! Every call holds the state while it looks for its arguments. If all calls counted themselves in one place, that place
//! would go from processor to processor with every call, and the more there are, the longer each would wait. So threads
//! count in places of their own.

use crate::base::threads::{CacheLine, number_of_this_thread};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// The counters of threads; further threads share them.
const PLACES: usize = 32;

/// The state that a [`Handler`](super::Handler) runs with, held for as long as this lives.
pub struct StateRef<S>(Arc<CacheLine<Arc<S>>>);

impl<S> Deref for StateRef<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.0.0
    }
}

impl<S> fmt::Debug for StateRef<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateRef")
    }
}

/// The state, for as many threads as there are.
pub(crate) struct SharedState<S>(Arc<[Arc<CacheLine<Arc<S>>>]>);

impl<S> SharedState<S> {
    pub(crate) fn new(state: S) -> Self {
        let state = Arc::new(state);
        Self((0..PLACES).map(|_| Arc::new(CacheLine(Arc::clone(&state)))).collect())
    }

    /// Holds the state, and counts it where this thread counts.
    pub(super) fn hold(&self) -> StateRef<S> {
        StateRef(Arc::clone(&self.0[number_of_this_thread() % PLACES]))
    }
}

impl SharedState<()> {
    /// No state: one for all handlers that are registered while the application runs.
    pub(crate) fn none() -> &'static Self {
        static NONE: LazyLock<SharedState<()>> = LazyLock::new(|| SharedState::new(()));
        &NONE
    }
}

impl<S> Clone for SharedState<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What an application has for handlers that ask for `S` when [`with_state`](crate::ApplicationBuilder::with_state) gave
/// them nothing: nothing, which does for `()` alone.
///
/// [`ApplicationBuilder::build`](crate::ApplicationBuilder::build) asks for it of [`NoState`]. There is no need to
/// implement it.
// The state is a parameter because that lets the compiler infer it to be `()` where no handler asks for any.
#[diagnostic::on_unimplemented(
    message = "the application's handlers ask for state of type `{S}`, and it was given none",
    label = "`.with_state(..)` is missing before this call",
    note = "`with_state` gives the state to the realms that were added before: `Application::builder().realm(..).with_state(state).build()`",
    note = "see the documentation of `serverwamp::ApplicationBuilder::with_state`"
)]
pub trait StateFor<S> {
    #[doc(hidden)]
    fn state() -> S;
}

/// The state of an application that was given none.
#[derive(Debug)]
pub enum NoState {}

impl StateFor<()> for NoState {
    fn state() {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn the_state_is_one_and_threads_count_in_places_of_their_own() {
        let shared = SharedState::new(AtomicUsize::new(0));
        let held: Vec<StateRef<AtomicUsize>> = thread::scope(|scope| {
            let hold = || {
                let state = shared.hold();
                state.fetch_add(1, Ordering::Relaxed);
                state
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(hold)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(shared.hold().load(Ordering::Relaxed), 4);
        for (index, one) in held.iter().enumerate() {
            for other in &held[..index] {
                assert!(!Arc::ptr_eq(&one.0, &other.0), "two threads count in the same place");
                assert!(std::ptr::eq::<AtomicUsize>(&**one, &**other), "there is one state");
            }
        }
    }

    #[test]
    fn what_is_held_lives_on_and_is_dropped_with_the_last() {
        let state = Arc::new(());
        let shared = SharedState::new(Arc::clone(&state));
        let held = shared.hold();
        drop(shared);
        assert_eq!(Arc::strong_count(&state), 2);
        drop(held);
        assert_eq!(Arc::strong_count(&state), 1);
    }
}
