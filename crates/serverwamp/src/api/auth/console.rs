//! Who has logged in at the web console.

use super::{Authenticator, Principal, transport};
use crate::transport::TransportInfo;
use serverwamp_console::Console;
use std::sync::Arc;

/// Lets the browsers in that have logged in at the console by its [link](Console::link): a transport method with the name `cookie`.
///
/// Everybody else is left to the realm's next method.
pub fn console<S: Send + Sync + 'static>(console: &Console) -> Authenticator<S> {
    let console = console.clone();
    transport("cookie", move |opened: Arc<TransportInfo>| {
        let visitor = opened.http.as_ref().and_then(|request| console.visitor(&request.headers));
        async move { visitor.map(|visitor| Principal::new(visitor.authid).role(visitor.role)) }
    })
}
