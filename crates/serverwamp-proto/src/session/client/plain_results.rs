//! A plain RESULT is taken in without a step of its own, and everything else in the usual way.

use super::tests::{CALL, Client, PROGRESSIVE};
use super::*;

#[test]
fn a_plain_result_is_taken_in_at_once_and_nothing_else_is() {
    let mut client = Client::joined();
    let plain = |client: &mut Client, json: &'static str| {
        let taken = client.0.receive_result(Serializer::Json, &Bytes::from_static(json.as_bytes()));
        taken.map(|(of, payload)| (of, String::from_utf8(payload.args.to_vec()).unwrap()))
    };
    assert_eq!(client.request(CALL), 1);
    assert_eq!(client.request(RequestKind::Publish), 2);
    assert_eq!(client.request(PROGRESSIVE), 3);
    for other in [
        "[50,9,{},[1]]",
        "[50,2,{},[1]]",
        "[17,2,1]",
        r#"[50,3,{"progress":true},[1]]"#,
        "[50,1]",
        "[50,1,{},1]",
    ] {
        assert_eq!(plain(&mut client, other), None, "{other}");
    }
    assert_eq!(client.0.requests.len(), 3, "nothing has changed");
    assert_eq!(plain(&mut client, "[50,1,{},[1]]"), Some(("mine", "[1]".to_owned())));
    assert_eq!(plain(&mut client, "[50,1,{},[1]]"), None, "it has its answer");
    assert_eq!(plain(&mut client, "[50,3,{}]"), Some(("mine", String::new())));
    assert!(client.violation("[50,2,{},[1]]").contains("answers type 48"));
    let mut left = Client::joined();
    assert_eq!(left.request(CALL), 1);
    left.0.leaving();
    assert_eq!(plain(&mut left, "[50,1,{},[1]]"), None);
}
