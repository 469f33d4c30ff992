//! A message that is due, and whether this is it.

use serde_json::{Value, json};
use serverwamp_conformance::difference;

use super::{NEW_ID, PUBLICATION};

/// Ids that the router has just chosen.
#[derive(Debug, Default)]
pub(super) struct New {
    /// Of a subscription or a registration.
    pub(super) id: Option<u64>,
    pub(super) publication: Option<u64>,
}

/// Is this the message that is due? Ids of the router's choice are noted the first time and compared from then on.
pub(super) fn is(expected: &Value, message: &Value, new: &mut New) -> bool {
    if expected[0] != message[0] {
        return false;
    }
    let mut expected = expected.clone();
    for (place, element) in expected.as_array_mut().into_iter().flatten().enumerate() {
        if *element == NEW_ID {
            let Some(id) = message[place].as_u64() else { return false };
            *element = json!(new.id.get_or_insert(id));
        } else if *element == PUBLICATION {
            let Some(id) = message[place].as_u64() else { return false };
            *element = json!(new.publication.get_or_insert(id));
        }
    }
    let mut message = message.clone();
    if let (Some(elements), 8) = (message.as_array_mut(), expected[0].as_u64().unwrap_or_default()) {
        // An ERROR of the router's may explain itself.
        elements.truncate(5);
    }
    difference(&expected, &message).is_empty()
}
