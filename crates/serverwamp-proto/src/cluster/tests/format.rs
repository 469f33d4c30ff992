//! The wire format: what goes through, what is passed over, what is refused.

use super::super::batch::{BatchHead, HEAD, MalformedBatch, VERSION};
use super::*;
use crate::broker::ReceiverFilter;
use crate::cluster::EventPublisher;
use crate::id::SessionId;
use crate::message::{Passthru, Receivers};
use proptest::prelude::*;

/// A batch that a node would take next, with these items.
fn batch_of(items: &[u8]) -> Bytes {
    let mut batch = vec![0; HEAD];
    let head = BatchHead { sender: life(1), receiver: life(2), epoch: 1, wanted: 1, number: 1 };
    head.write(batch.first_chunk_mut().unwrap());
    batch.extend_from_slice(items);
    batch.into()
}

fn receive(batch: &Bytes) -> (Result<(), MalformedBatch>, Vec<Noticed>, Mesh) {
    let (mut node, mut noticed) = (mesh("b", 2), Vec::new());
    let read = node.receive_batch(&name("a"), batch, Duration::ZERO, &mut noticed);
    (read, noticed, node)
}

fn encoded(event: RoutedEvent<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    event.write(&mut out).unwrap();
    out
}

#[test]
fn all_that_receivers_depend_on_comes_through_in_every_serializer() {
    for (serializer, args) in [
        (Serializer::Json, &b"[1,\"two\"]"[..]),
        (Serializer::MessagePack, b"\x92\x01\xa3two"),
        (Serializer::Cbor, b"\x82\x01\x63two"),
    ] {
        let receivers = Receivers {
            eligible_authrole: Some(["backend"].into_iter().collect()),
            exclude: Some(vec![SessionId::new(7).unwrap()]),
            ..Receivers::default()
        };
        let passthru = Passthru { scheme: Some("x_mine".into()), ..Passthru::default() };
        let sent = RoutedEvent {
            options: PublishOptions {
                receivers: Some(Box::new(receivers)),
                passthru: Some(Box::new(passthru)),
                ..PublishOptions::default()
            },
            payload: Payload::of_parts(serializer, Part::copied(args), Part::new()),
            exclude: SessionId::new(9),
            publisher: Some(EventPublisher {
                session: SessionId::new(9).unwrap(),
                authid: "joe".into(),
                authrole: "user".into(),
            }),
            by_configuration: true,
            unrecorded: true,
            trustlevel: Some(3),
            ..event(77, "com.t")
        };
        let (read, noticed, _) = receive(&batch_of(&encoded(sent.clone())));
        assert_eq!(read, Ok(()));
        let Some(Noticed::Event(got)) = noticed.last() else { panic!("{noticed:?}") };
        assert_eq!((&*got.realm, &*got.topic, got.publication), (REALM, "com.t", sent.publication));
        assert_eq!((got.payload.serializer, &*got.payload.args), (serializer, args));
        assert_eq!((got.exclude, &got.publisher), (sent.exclude, &sent.publisher));
        assert_eq!((got.by_configuration, got.unrecorded, got.trustlevel), (true, true, Some(3)));
        assert_eq!(got.options.passthru.as_ref().unwrap().scheme.as_deref(), Some("x_mine"));
        let filter = ReceiverFilter::new(got.options.receivers.as_deref().unwrap());
        let permits = |id, role| filter.permits(SessionId::new(id).unwrap(), "x", role);
        assert!(permits(8, "backend") && !permits(7, "backend") && !permits(8, "user"));
    }
}

#[test]
fn a_later_version_may_add_fields_and_items_that_are_passed_over() {
    // An unknown item, then a publication with an unknown field that nobody must understand.
    let mut items = vec![100, 2, 0xff, 0xff];
    let mut known = encoded(event(5, "com.t"));
    let field = [200, 1, 3, b'n', b'e', b'w'];
    known.extend_from_slice(&field);
    let length = known.len() - 5;
    for (index, byte) in known.iter_mut().skip(1).take(4).enumerate() {
        *byte = (length >> (7 * index) & 0x7f) as u8 | if index < 3 { 0x80 } else { 0 };
    }
    items.extend_from_slice(&known);
    let (read, noticed, node) = receive(&batch_of(&items));
    assert_eq!((read, events(&noticed), node.counts().passed_over), (Ok(()), vec![5], 1));
}

#[test]
fn what_must_be_understood_and_is_not_loses_the_link() {
    let (read, noticed, node) = receive(&batch_of(&[128, 0]));
    assert_eq!((read, lost(&noticed)), (Err(MalformedBatch::Unknown(128)), 1));
    assert_eq!((node.counts().refused, node.counts().links_lost), (1, 1));
    let odd_field = [3, 3, 201, 1, 0];
    assert_eq!(receive(&batch_of(&odd_field)).0, Err(MalformedBatch::Unknown(201)));
}

#[test]
fn another_version_another_life_and_a_forged_name_are_refused() {
    let refused = |batch: Vec<u8>| receive(&batch.into()).0.unwrap_err();
    let mut other = batch_of(&[]).to_vec();
    other[2] = VERSION + 1;
    assert_eq!(refused(other), MalformedBatch::Version(VERSION + 1));
    let mut other = batch_of(&[]).to_vec();
    other[12] = 99;
    assert_eq!(refused(other), MalformedBatch::Misdirected);
    assert_eq!(refused(b"GET / HTTP/1.1".to_vec()), MalformedBatch::NoBatch);
    assert_eq!(refused(b"WN\x01".to_vec()), MalformedBatch::EndsEarly);
    let (mut node, mut noticed) = (mesh("b", 2), Vec::new());
    let own = node.receive_batch(&name("b"), &batch_of(&[]), Duration::ZERO, &mut noticed);
    assert_eq!(own, Err(MalformedBatch::Forged));
}

#[test]
fn an_announcement_of_a_version_too_late_makes_no_link() {
    let mut node = mesh("b", 2);
    let mut noticed = Vec::new();
    let later = [b'W', b'A', 1, 1, 9, 3, 1, VERSION + 1, 5, 1, VERSION + 4];
    let read = node.receive_announcement(&name("a"), &later, Duration::ZERO, &mut noticed);
    assert_eq!(read, Err(MalformedBatch::Version(VERSION + 1)));
    let both = [b'W', b'A', 1, 1, 9, 3, 1, VERSION, 5, 1, VERSION + 4, 100, 1, 0];
    assert_eq!(node.receive_announcement(&name("a"), &both, Duration::ZERO, &mut noticed), Ok(()));
    assert_eq!((node.peers().count(), node.counts().refused), (1, 1));
}

#[test]
fn names_that_cannot_stand_in_a_subject_are_none() {
    for bad in ["", "a.b", "a*", "ä", ">", "a b", &"x".repeat(33)] {
        assert!(NodeName::new(bad).is_err(), "{bad:?}");
    }
    assert_eq!(name("node-1_b").as_str(), "node-1_b");
}

proptest! {
    #[test]
    fn no_bytes_make_a_node_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _read = receive(&batch_of(&bytes));
        let _read = receive(&bytes.clone().into());
        let mut noticed = Vec::new();
        let mut announced = b"WA".to_vec();
        announced.extend_from_slice(&bytes);
        let _read = mesh("b", 2).receive_announcement(&name("a"), &announced, Duration::ZERO, &mut noticed);
        let _read = crate::cluster::OwnershipClaim::from_bytes(&bytes);
    }

    #[test]
    fn a_batch_that_is_cut_or_changed_is_read_or_refused(cut in 0_usize..200, at in 0_usize..200, to: u8) {
        let whole = batch_of(&encoded(event(5, "com.t")));
        let _read = receive(&whole.slice(..cut.min(whole.len())));
        let mut changed = whole.to_vec();
        let at = at % changed.len();
        changed[at] = to;
        let _read = receive(&changed.into());
    }
}
