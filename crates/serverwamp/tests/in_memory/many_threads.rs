//! More threads than processors: every call gets its answer, every event its receivers, and every permit is given back.

use crate::peer::Peer;
use serverwamp::{Application, Realm, Refusal};

const PAIRS: usize = 16;
const SUBSCRIBERS: usize = 4;
const ROUNDS: usize = 40;
const DEPTH: usize = 16;

fn application() -> Application {
    let realm = Realm::router("one").allow_anonymous("guest");
    Application::builder().realm(realm).build().unwrap()
}

async fn registered(callee: &mut Peer, procedure: &str) {
    let registered = callee.ask(&format!(r#"[64,1,{{}},"{procedure}"]"#)).await;
    assert!(registered.starts_with("[65,1,"), "{registered}");
}

/// Answers so many invocations with the arguments that they came with.
async fn answer(callee: &mut Peer, invocations: usize) {
    for _ in 0..invocations {
        let invocation = callee.hear().await;
        let (ids, arguments) = invocation.split_once(",{},").unwrap();
        let request = ids.strip_prefix("[68,").unwrap().split(',').next().unwrap();
        callee.say(&format!("[70,{request},{{}},{arguments}")).await;
    }
}

/// Calls with many calls under way, and compares each answer.
async fn call(caller: &mut Peer, procedure: &str) {
    for round in 0..ROUNDS {
        let ids = round * DEPTH + 1..=(round + 1) * DEPTH;
        for id in ids.clone() {
            caller.say(&format!(r#"[48,{id},{{}},"{procedure}",[{id}]]"#)).await;
        }
        for id in ids {
            assert_eq!(caller.hear().await, format!("[50,{id},{{}},[{id}]]"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn calls_of_many_threads_are_answered_and_leave_nothing_behind() {
    let application = application();
    let mut shared = Peer::join(&application, "one").await;
    registered(&mut shared, "com.shared").await;
    let mut tasks = vec![tokio::spawn(async move {
        answer(&mut shared, PAIRS * ROUNDS * DEPTH).await;
    })];
    for pair in 0..PAIRS {
        let own = format!("com.own{pair}");
        let (mut caller, mut callee) =
            (Peer::join(&application, "one").await, Peer::join(&application, "one").await);
        registered(&mut callee, &own).await;
        tasks.push(tokio::spawn(async move { answer(&mut callee, ROUNDS * DEPTH).await }));
        let mut other = Peer::join(&application, "one").await;
        tasks.push(tokio::spawn(async move { call(&mut caller, &own).await }));
        tasks.push(tokio::spawn(async move { call(&mut other, "com.shared").await }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(application.statistics().calls_in_flight, 0);
    assert_eq!(application.statistics().refused(Refusal::CallsInAll), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn events_of_many_threads_reach_all_in_the_order_of_their_publisher() {
    let application = application();
    let mut tasks = Vec::new();
    for _ in 0..SUBSCRIBERS {
        let mut subscriber = Peer::join(&application, "one").await;
        subscriber.subscribe("com.topic").await;
        tasks.push(tokio::spawn(async move {
            let mut next = [0; PAIRS];
            for _ in 0..PAIRS * ROUNDS {
                let event = subscriber.event().await;
                let (publisher, number) =
                    event.trim_start_matches("{},[").trim_end_matches("]]").split_once(',').unwrap();
                let next = &mut next[publisher.parse::<usize>().unwrap()];
                assert_eq!(number.parse(), Ok(*next), "of {publisher}");
                *next += 1;
            }
        }));
    }
    for number in 0..PAIRS {
        let mut publisher = Peer::join(&application, "one").await;
        tasks.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                let request = round + 1;
                publisher.say(&format!(r#"[16,{request},{{}},"com.topic",[{number},{round}]]"#)).await;
            }
            // Its session lasts until all is published: an answer comes behind all that was said before.
            publisher.ask(&format!(r#"[48,{},{{}},"wamp.none"]"#, ROUNDS + 1)).await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// A realm that is alone may have all permits, whichever threads have taken them in blocks before.
#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn what_threads_keep_of_permits_is_there_for_whoever_needs_one() {
    const ALL: usize = 9000;
    const EACH: usize = 1000;
    let realm = Realm::router("one").allow_anonymous("guest");
    let application = Application::builder().realm(realm).limits(|limits| {
        limits.calls_in_flight_in_all = ALL;
        limits.invocations_in_flight = 2 * ALL;
        limits.outgoing_bytes = 64 << 20;
        limits.outgoing_messages = 1 << 20;
    });
    let application = application.build().unwrap();
    let mut callee = Peer::join(&application, "one").await;
    registered(&mut callee, "com.slow").await;
    // Each thread keeps permits of calls that are over.
    let mut tasks = Vec::new();
    for number in 0..8 {
        let (mut caller, mut callee) =
            (Peer::join(&application, "one").await, Peer::join(&application, "one").await);
        let quick = format!("com.quick{number}");
        registered(&mut callee, &quick).await;
        tasks.push(tokio::spawn(async move { answer(&mut callee, ROUNDS * DEPTH).await }));
        tasks.push(tokio::spawn(async move { call(&mut caller, &quick).await }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(application.statistics().calls_in_flight, 0);
    let mut callers = Vec::new();
    for _ in 0..ALL / EACH {
        let mut caller = Peer::join(&application, "one").await;
        for id in 1..=EACH {
            caller.say(&format!(r#"[48,{id},{{}},"com.slow"]"#)).await;
        }
        callers.push(caller);
    }
    while application.statistics().calls_in_flight < ALL {
        assert_eq!(application.statistics().refused(Refusal::CallsInAll), 0);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut late = Peer::join(&application, "one").await;
    let refused = late.ask(r#"[48,1,{},"com.slow"]"#).await;
    assert!(refused.starts_with("[8,48,1,"), "{refused}");
    assert_eq!(application.statistics().refused(Refusal::CallsInAll), 1);
    // One answer is one permit.
    let invocation = callee.hear().await;
    let request = invocation.strip_prefix("[68,").unwrap().split(',').next().unwrap();
    callee.say(&format!("[70,{request},{{}}]")).await;
    let mut answers =
        futures_util::future::select_all(callers.iter_mut().map(|caller| Box::pin(caller.hear())));
    assert!((&mut answers).await.0.starts_with("[50,"));
    late.say(r#"[48,2,{},"com.slow"]"#).await;
    while application.statistics().calls_in_flight < ALL {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(application.statistics().refused(Refusal::CallsInAll), 1);
}
