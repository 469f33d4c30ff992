//! The procedure that was meant: the nearest name among those that the caller may see.

use serverwamp::client::Client;
use serverwamp::{Value, WampError};
use serverwamp_config::distance;
use std::collections::BTreeMap;
use std::time::Duration;

/// The most procedures that are looked at.
const LOOKED_AT: usize = 512;
/// The time for it all: a person waits.
const TIME: Duration = Duration::from_secs(2);

/// The registered procedure whose URI is most like `wanted`, if one is like it and the meta API tells.
pub(super) async fn nearest(client: &Client, wanted: &str) -> Option<String> {
    tokio::time::timeout(TIME, search(client, wanted)).await.ok().flatten()
}

async fn search(client: &Client, wanted: &str) -> Option<String> {
    let listed: Result<BTreeMap<String, Vec<u64>>, WampError> =
        client.call("wamp.registration.list", ()).await;
    let ids = listed.ok()?.remove("exact")?;
    // All questions are asked before the first answer is awaited.
    let asked: Vec<_> = ids
        .into_iter()
        .take(LOOKED_AT)
        .map(|id| client.call::<Value, _>("wamp.registration.get", (id,)))
        .collect();
    let answers: Vec<_> = asked.into_iter().map(IntoFuture::into_future).collect();
    let mut best: Option<(usize, String)> = None;
    for answer in answers {
        let Ok(details) = answer.await else { continue };
        let Some(uri) = details.get("uri").and_then(Value::as_str) else { continue };
        let distance = distance(wanted, uri);
        if distance <= tolerated(wanted) && best.as_ref().is_none_or(|(least, _)| distance < *least) {
            best = Some((distance, uri.to_owned()));
        }
    }
    best.map(|(_, uri)| uri)
}

/// A third of the letters may be wrong, and two always.
fn tolerated(wanted: &str) -> usize {
    (wanted.chars().count() / 3).max(2)
}
