//! Authenticators that are ready-made: they need no handler of the application, and no state.

use super::Authenticator;
use crate::api::handler::SharedState;
use crate::auth::Principal;
use crate::router::auth::{Denial, Dialogue, Exchange, MethodNames, Offered};
use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

/// A method that asks the peer for a ticket, with its name and aliases. A session that came by it may bring another one.
pub(super) fn asking<S, Fut>(
    names: impl IntoIterator<Item = &'static str>,
    talk: impl Fn(Arc<Exchange>, Arc<str>) -> Fut + Send + Sync + 'static,
) -> Authenticator<S>
where
    Fut: Future<Output = Result<Option<Principal>, Denial>> + Send + 'static,
{
    let names = names.into_iter().map(Into::into).collect();
    ready(MethodNames { names, transport: false, renewable: true, offered: Offered::ALWAYS }, talk)
}

/// A method that looks at the transport.
pub(super) fn looking<S, Fut>(
    name: impl Into<Cow<'static, str>>,
    talk: impl Fn(Arc<Exchange>, Arc<str>) -> Fut + Send + Sync + 'static,
) -> Authenticator<S>
where
    Fut: Future<Output = Result<Option<Principal>, Denial>> + Send + 'static,
{
    ready(
        MethodNames { names: vec![name.into()], transport: true, renewable: false, offered: Offered::ALWAYS },
        talk,
    )
}

fn ready<S, Fut>(
    names: MethodNames,
    talk: impl Fn(Arc<Exchange>, Arc<str>) -> Fut + Send + Sync + 'static,
) -> Authenticator<S>
where
    Fut: Future<Output = Result<Option<Principal>, Denial>> + Send + 'static,
{
    let bind = move |_: &SharedState<S>| -> Dialogue {
        Arc::new(move |exchange, name| Box::pin(talk(exchange, name)))
    };
    Authenticator::of(names, Box::new(bind))
}
