//! Whether a router keeps `forward_for` of what goes both ways: the link calls itself, or publishes to itself, and looks.
//!
//! The call goes to a URI of the pattern itself, because Crossbar.io decides by the permission for a URI; it reaches the link's own
//! registration. The event is for the link's session alone.

use super::chain;
use super::ends::{Ends, Side, own};
use super::pattern::LinkPattern;
use super::place::{PATIENCE, random};
use serverwamp::extract::Args;
use serverwamp::reply::ToArguments;
use serverwamp::{CallResult, Forwarder, Payload, Serializer, SessionId, WampError, uris};
use std::sync::Arc;

/// The component of a URI that stands for any, and the first argument of a probe.
const WORD: &str = "serverwamp_link_probe";

/// What a probe has found.
#[derive(Debug)]
pub(super) enum Found {
    Kept,
    Dropped,
    /// Nothing, for this reason.
    Failed(WampError),
}

/// The URI of the pattern that is probed.
pub(super) fn uri(pattern: &LinkPattern) -> Arc<str> {
    pattern.example(WORD).into()
}

/// The number of a probe, if these arguments are those of one.
pub(super) fn number(payload: &Payload) -> Option<u64> {
    let (word, number): (String, u64) = payload.args().ok()?;
    (word == WORD).then_some(number)
}

/// The answer to a call that is a probe: what came with it.
pub(super) fn answer(payload: &Payload, seen: &[Forwarder]) -> Option<Result<Payload, WampError>> {
    let number = number(payload)?;
    let sessions: Vec<u64> = seen.iter().map(|one| one.session().get()).collect();
    Some(Args((WORD, number, sessions)).to_arguments(Serializer::Cbor))
}

/// Looks whether calls keep it.
pub(super) async fn calls(ends: &Ends, side: Side, pattern: &LinkPattern) -> Found {
    let client = ends.at(side);
    let number = random() >> 12;
    let Some(mark) = SessionId::new(number.max(1)) else { return Found::Dropped };
    let forwarders = own(client).into_iter().chain([chain::entry(mark)]);
    let calling = client.call::<CallResult, _>(&*uri(pattern), (WORD, number));
    let result = match calling.forward_for(forwarders).timeout(PATIENCE).await {
        Ok(result) => result,
        Err(error) => return Found::Failed(error),
    };
    match result.payload().args::<(String, u64, Vec<u64>)>() {
        Ok((word, answered, sessions)) if word == WORD && answered == number => {
            if sessions.contains(&mark.get()) { Found::Kept } else { Found::Dropped }
        }
        _ => {
            let text = format!("another callee answers {}", uri(pattern));
            Found::Failed(WampError::unavailable(text))
        }
    }
}

/// Looks whether events keep it.
pub(super) async fn events(ends: &Ends, side: Side, pattern: &LinkPattern) -> Found {
    let uri = uri(pattern);
    let heard = listen(ends, side, &uri);
    match tokio::time::timeout(PATIENCE, heard).await {
        Ok(Ok(true)) => Found::Kept,
        Ok(Ok(false)) => Found::Dropped,
        Ok(Err(error)) => Found::Failed(error),
        Err(_) => Found::Failed(WampError::timeout("the event for the link itself has not come")),
    }
}

async fn listen(ends: &Ends, side: Side, uri: &Arc<str>) -> Result<bool, WampError> {
    let client = ends.at(side);
    // Not the subscription whose events wait for what is found here.
    let mut events = client.subscribe(&**uri).await?;
    let sent = random() >> 12;
    let mark = SessionId::new(sent.max(1));
    let forwarders = own(client).into_iter().chain(mark.map(chain::entry));
    let publication = client.publication(&**uri).include_me().eligible(client.session_id());
    let publication = publication.forward_for(forwarders);
    publication.send((WORD, sent)).await?;
    while let Some(event) = events.recv().await {
        if number(event.payload()) == Some(sent) {
            return Ok(event.forward_for().iter().any(|one| Some(one.session()) == mark));
        }
    }
    Err(WampError::new(uris::error::NETWORK_FAILURE).arg("the subscription has ended"))
}
