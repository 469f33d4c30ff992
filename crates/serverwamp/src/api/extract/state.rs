//! Application state, found by its type when the program is compiled.

use super::FromRequest;
use crate::peering::Request;
use std::convert::Infallible;

/// Application state: a clone of the `T` that [`with_state`](crate::ApplicationBuilder::with_state) was given, or of
/// a part of it.
///
/// ```
/// use serverwamp::extract::{FromRef, State};
/// use serverwamp::{Application, Realm, RouteSet};
///
/// #[derive(Clone)]
/// struct Db;
/// #[derive(Clone)]
/// struct AppState { db: Db }
///
/// impl FromRef<AppState> for Db {
///     fn from_ref(state: &AppState) -> Self {
///         state.db.clone()
///     }
/// }
///
/// async fn count(State(_db): State<Db>) -> u32 { 7 }
///
/// let app = Application::builder()
///     .realm(Realm::new("realm1").allow_anonymous("guest").routes(RouteSet::new().procedure("docs.count", count)))
///     .with_state(AppState { db: Db })
///     .build()?;
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct State<T>(pub T);

/// A part of the application's state that handlers can ask for.
#[diagnostic::on_unimplemented(
    message = "the application's state `{S}` has no `{Self}`",
    label = "`State<{Self}>` is not available",
    note = "pass it to `Application::builder().with_state(..)`, or implement `FromRef<{S}>` for `{Self}`",
    note = "see the documentation of `serverwamp::extract::State`"
)]
pub trait FromRef<S> {
    /// Takes the part out of the whole, usually by a cheap clone.
    fn from_ref(state: &S) -> Self;
}

impl<T: Clone> FromRef<T> for T {
    fn from_ref(state: &T) -> T {
        state.clone()
    }
}

impl<R: Request, S: Sync, T: FromRef<S>> FromRequest<R, S> for State<T> {
    type Rejection = Infallible;

    async fn from_request(_: &mut R, state: &S) -> Result<Self, Infallible> {
        Ok(Self(T::from_ref(state)))
    }
}
