//! A caller cannot tell whether the application or a client answers: the same conversation with both.

use crate::router::play_at;
use serverwamp::extract::Args;
use serverwamp::{Application, Progress, Realm, RouteSet, WampError};

/// What a caller and a client called alice say to each other; `WHO` is who serves. Of alice's lines the application needs none.
const CONVERSATION: &str = r#"
        bob joins
        bob > [48, 1, {}, "com.WHO.add", [2, 3]]
        alice < [68, 1, $r, {...}, [2, 3]]
        alice > [70, 1, {}, [5]]
        bob < [50, 1, {}, [5]]
        bob > [48, 2, {"receive_progress": true}, "com.WHO.count", [2]]
        alice < [68, 2, $r, {...}, [2]]
        alice > [70, 2, {"progress": true}, [1]]
        alice > [70, 2, {"progress": true}, [2]]
        alice > [70, 2, {}, ["done"]]
        bob < [50, 2, {"progress": true}, [1]]
        bob < [50, 2, {"progress": true}, [2]]
        bob < [50, 2, {}, ["done"]]
        bob > [48, 3, {}, "com.WHO.count", [2]]
        alice < [68, 3, $r, {...}, [2]]
        alice > [70, 3, {"progress": true}, [1]]
        alice > [70, 3, {"progress": true}, [2]]
        alice > [70, 3, {}, ["done"]]
        bob < [50, 3, {}, ["done"]]
        bob > [48, 4, {}, "com.WHO.fail"]
        alice < [68, 4, $r, {...}]
        alice > [8, 68, 4, {}, "com.failed", [1], {"k": 2}]
        bob < [8, 48, 4, {}, "com.failed", [1], {"k": 2}]
        bob > [48, 5, {}, "com.WHO.wait"]
        alice < [68, 5, $r, {...}]
        bob > [49, 5, {"mode": "skip"}]
        bob < [8, 48, 5, {}, "wamp.error.canceled"]
        bob > [48, 6, {}, "com.WHO.wait"]
        alice < [68, 6, $r, {...}]
        bob > [49, 6, {"mode": "killnowait"}]
        alice < [69, 6, {"mode": "killnowait"}]
        bob < [8, 48, 6, {}, "wamp.error.canceled"]
        bob > [48, 7, {}, "com.WHO.wait"]
        alice < [68, 7, $r, {...}]
        bob > [49, 7, {"mode": "kill"}]
        alice < [69, 7, {"mode": "kill"}]
        alice > [8, 68, 7, {}, "wamp.error.canceled"]
        bob < [8, 48, 7, {}, "wamp.error.canceled"]
        bob > [48, 8, {"timeout": 50}, "com.WHO.wait"]
        alice < [68, 8, $r, {...}]
        bob < [8, 48, 8, {}, "wamp.error.timeout"]
        alice < [69, 8, {"mode": "killnowait"}]
        bob > [49, 8, {"mode": "kill"}]
        bob silent
        bob > [48, 9, {"progress": true}, "com.WHO.add", [2, 3]]
        bob < [8, 48, 9, {}, "wamp.error.feature_not_supported", _list]
        bob > [48, 9, {}, "com.WHO.add", [2, 3]]
        bob silent
        bob > [48, 10, {"ppt_scheme": "x_mine"}, "com.WHO.add", ["\u0000AQID"]]
        bob < [8, 48, 10, {}, "wamp.error.feature_not_supported", _list]
        bob > [48, 11, {"rkey": "k", "runmode": "partition", "_x_mine": 1}, "com.WHO.add", [2, 3]]
        alice < [68, 9, $r, {...}, [2, 3]]
        alice > [70, 9, {}, [5]]
        bob < [50, 11, {}, [5]]
"#;

/// Before it, alice registers what she serves. She takes neither further input nor passthru, as most handlers do not.
const ALICE: &str = r#"
        alice joins realm1 {"roles": {"callee": {"features": {"call_canceling": true, "progressive_call_results": true}}}}
        alice registers com.client. {"match": "prefix"} as $r
"#;

fn application() -> Application {
    let count = |Args((numbers,)): Args<(i64,)>, progress: Progress| async move {
        for number in 1..=numbers {
            progress.send(number).await?;
        }
        Ok::<_, WampError>("done")
    };
    let routes = RouteSet::new()
        .procedure("com.application.add", |Args((a, b)): Args<(i64, i64)>| async move { a + b })
        .procedure("com.application.count", count)
        .procedure("com.application.fail", || async {
            Err::<(), _>(WampError::new("com.failed").arg(1).kwarg("k", 2))
        })
        .procedure("com.application.wait", std::future::pending::<()>);
    let realm = Realm::router("realm1").allow_anonymous("guest").routes(routes);
    Application::builder().realm(realm).build().expect("nothing is wrong with this realm")
}

#[test]
fn a_caller_hears_the_same_from_a_client() {
    play_at(application, &format!("{ALICE}{}", CONVERSATION.replace("WHO", "client")));
}

#[test]
fn a_caller_hears_the_same_from_the_application() {
    let mut text = String::new();
    for line in CONVERSATION.lines().filter(|line| !line.trim_start().starts_with("alice")) {
        text = text + line + "\n";
    }
    play_at(application, &text.replace("WHO", "application"));
}
