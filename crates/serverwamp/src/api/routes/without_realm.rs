//! What the routes of a set have besides where no realm is compiled, which is nothing: neither topics nor required roles.

use super::{RoutePattern, SharedState};
use std::iter;
use std::marker::PhantomData;
use std::panic::Location;

/// The roles that a route requires, of which there are none.
pub(crate) enum Required {}

/// The topics of a route set, of which there are none.
pub(crate) struct TopicEntries<S>(PhantomData<fn(S)>);

impl<S> TopicEntries<S> {
    pub(super) fn none() -> Self {
        Self(PhantomData)
    }

    pub(super) fn extend(&self, _: Self) {}

    pub(super) fn nest(&self, _: &str) {}

    pub(super) fn with_state(self, _: &SharedState<S>) -> TopicEntries<()> {
        TopicEntries::none()
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = (&RoutePattern, &'static Location<'static>)> {
        iter::empty()
    }
}
