//! The principal of a session, and the dialogue that establishes it.

mod credential;
mod exchange;
mod principal;

pub use self::credential::{CraCredential, Salting};
pub use self::exchange::{AuthExchange, AuthenticateAnswer};
pub(crate) use self::exchange::{Exchange, ReceivedHello};
pub use self::principal::Principal;
pub use serverwamp_proto::auth::Secret;

use crate::base::error::WampError;
use crate::rt::BoxFuture;
use std::sync::Arc;

/// An authenticator's dialogue with one peer: `None` when this way does not lead to an identity.
pub(crate) type Dialogue =
    Arc<dyn Fn(Arc<Exchange>) -> BoxFuture<'static, Result<Option<Principal>, WampError>> + Send + Sync>;
