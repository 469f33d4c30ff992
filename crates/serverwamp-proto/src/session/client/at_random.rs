//! The client's session machine and routers that send anything at all.

use proptest::prelude::*;

use super::tests::{CALL, Client, LIMITS, PROGRESSIVE, everything, id};
use super::*;

/// A message of a router, mostly about ids that the client has.
fn router_message() -> impl Strategy<Value = String> {
    let answer = (prop::sample::select(vec![17_u64, 33, 65]), 1_u64..12, 1_u64..6)
        .prop_map(|(code, request, id)| format!("[{code},{request},{id}]"));
    let end = (prop::sample::select(vec![35_u64, 67]), 1_u64..12)
        .prop_map(|(code, request)| format!("[{code},{request}]"));
    let revoked = (any::<bool>(), 1_u64..6).prop_map(|(topic, id)| match topic {
        true => format!(r#"[35,0,{{"subscription":{id}}}]"#),
        false => format!(r#"[67,0,{{"registration":{id}}}]"#),
    });
    let result = (1_u64..12, any::<bool>())
        .prop_map(|(request, progress)| format!(r#"[50,{request},{{"progress":{progress}}},[1]]"#));
    let error = (prop::sample::select(vec![16_u64, 32, 34, 48, 64, 66]), 1_u64..12)
        .prop_map(|(code, request)| format!(r#"[8,{code},{request},{{}},"a.b"]"#));
    let event = (1_u64..6).prop_map(|subscription| format!("[36,{subscription},1,{{}}]"));
    let invocation = (1_u64..12, 1_u64..6, any::<bool>()).prop_map(|(request, registration, progress)| {
        format!(r#"[68,{request},{registration},{{"progress":{progress}}}]"#)
    });
    let interrupt = (1_u64..12).prop_map(|request| format!("[69,{request},{{}}]"));
    let any = prop::sample::select(everything()).prop_map(str::to_owned);
    prop_oneof![4 => answer, 2 => end, 1 => revoked, 4 => result, 2 => error, 3 => event, 6 => invocation,
        2 => interrupt, 1 => any]
}

/// What a driver does, and what a router sends to it.
#[derive(Clone, Debug)]
enum Act {
    Request(u8),
    Answer(u64),
    Cancel(u64),
    Hear(String),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => (0_u8..7).prop_map(Act::Request),
        1 => (1_u64..12).prop_map(Act::Answer),
        1 => (1_u64..12).prop_map(Act::Cancel),
        6 => router_message().prop_map(Act::Hear),
    ]
}

proptest! {
    #[test]
    fn whatever_a_router_sends_the_tables_stay_within_their_limits(acts in prop::collection::vec(act(), 0..200)) {
        let mut client = Client::joined();
        let (mut answers, mut requests) = (0, 0);
        for act in acts {
            match act {
                Act::Request(kind) => {
                    let kind = match kind {
                        0 => RequestKind::Publish,
                        1 => RequestKind::Subscribe,
                        2 => RequestKind::Unsubscribe(SubscriptionId::new(1).unwrap()),
                        3 => RequestKind::Register,
                        4 => RequestKind::Unregister(RegistrationId::new(1).unwrap()),
                        5 => CALL,
                        _ => PROGRESSIVE,
                    };
                    requests += usize::from(client.0.request(kind, "mine").is_some());
                }
                Act::Answer(invocation) => drop(client.0.answer(id(invocation))),
                Act::Cancel(request) => drop(client.0.cancel(id(request))),
                Act::Hear(json) => {
                    let frame = Bytes::from(json);
                    match client.0.receive_frame(Serializer::Json, &frame) {
                        Ok(ClientStep::Answered(..)) => answers += 1,
                        Ok(ClientStep::Invoke(invocation)) => {
                            let more = invocation.details.progress;
                            client.0.serve(invocation.request, more, "work");
                        }
                        _ => {}
                    }
                }
            }
            prop_assert!(client.0.requests.len() <= LIMITS.requests);
            prop_assert!(client.0.served.len() <= LIMITS.invocations);
            prop_assert_eq!(answers + client.0.requests.len(), requests, "each request has one answer or waits");
            prop_assert!(client.0.subscriptions.len() + client.0.registrations.len() <= requests);
        }
    }

    #[test]
    fn no_bytes_of_a_router_cause_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        serializer in prop::sample::select(vec![Serializer::Json, Serializer::MessagePack, Serializer::Cbor]),
        joined in any::<bool>(),
    ) {
        let mut client = if joined { Client::with_both() } else { Client::joining() };
        let frame = Bytes::from(bytes);
        let violated = client.0.receive_frame(serializer, &frame).is_err();
        prop_assert_eq!(violated, violated && client.0.state() == ClientState::Over);
    }
}
