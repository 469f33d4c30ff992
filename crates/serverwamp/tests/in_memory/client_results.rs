//! What a handler returns, and what is published, is read back as the same type: the tables of `docs/client.md`.

use serde::{Deserialize, Serialize};
use serverwamp::extract::{Arg, Args, Kwargs};
use serverwamp::{
    Application, CallResult, FromResults, Progressive, Realm, RealmPeer, RouteSet, Serializer, Value,
};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct User {
    name: String,
    age: u8,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Point(i64, i64);

fn joe() -> User {
    User { name: "joe".to_owned(), age: 7 }
}

fn map() -> BTreeMap<String, i64> {
    BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)])
}

fn application() -> Application {
    let realm = Realm::router("realm1").allow_anonymous("guest");
    Application::builder().realm(realm).build().unwrap()
}

/// The application itself, and a client of each serializer.
async fn peers(app: &Application) -> Vec<RealmPeer> {
    let mut peers = vec![RealmPeer::from(app.realm("realm1").unwrap())];
    for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
        peers.push(app.join("realm1").serializer(serializer).await.unwrap().into());
    }
    peers
}

fn routes() -> RouteSet {
    RouteSet::new()
        .procedure("com.number", || async { 3 })
        .procedure("com.text", || async { "text" })
        .procedure("com.list", || async { vec![1, 2] })
        .procedure("com.lists", || async { vec![vec![1, 2]] })
        .procedure("com.tuple", || async { (1, "x") })
        .procedure("com.single", || async { (1,) })
        .procedure("com.array", || async { [1, 2, 3] })
        .procedure("com.point", || async { Point(1, 2) })
        .procedure("com.user", || async { joe() })
        .procedure("com.users", || async { vec![joe()] })
        .procedure("com.map", || async { map() })
        .procedure("com.some", || async { Some(vec![1, 2]) })
        .procedure("com.none", || async { None::<Vec<i64>> })
        .procedure("com.nothing", || async {})
        .procedure("com.args", || async { Args((1, "x")) })
        .procedure("com.kwargs", || async { Kwargs(map()) })
        .procedure("com.both", || async { (Args((1, "x")), Kwargs(map())) })
}

async fn read<T: FromResults>(peer: &RealmPeer, procedure: &str) -> T {
    peer.call(procedure, ()).await.unwrap_or_else(|error| panic!("{procedure}: {error}"))
}

#[tokio::test]
async fn what_a_handler_returns_is_read_as_the_type_that_it_returns() {
    let app = application();
    let callee = app.join("realm1").await.unwrap();
    let _served = callee.serve(routes()).await.unwrap();
    for peer in &peers(&app).await {
        assert_eq!(read::<i64>(peer, "com.number").await, 3);
        assert_eq!(read::<String>(peer, "com.text").await, "text");
        assert_eq!(read::<Vec<i64>>(peer, "com.list").await, [1, 2]);
        assert_eq!(read::<Vec<Vec<i64>>>(peer, "com.lists").await, [[1, 2]]);
        assert_eq!(read::<(i64, String)>(peer, "com.tuple").await, (1, "x".to_owned()));
        assert_eq!(read::<(i64,)>(peer, "com.single").await, (1,));
        assert_eq!(read::<[i64; 3]>(peer, "com.array").await, [1, 2, 3]);
        assert_eq!(read::<Vec<i64>>(peer, "com.array").await, [1, 2, 3]);
        assert_eq!(read::<Point>(peer, "com.point").await, Point(1, 2));
        assert_eq!(read::<User>(peer, "com.user").await, joe());
        assert_eq!(read::<Vec<User>>(peer, "com.users").await, [joe()]);
        assert_eq!(read::<BTreeMap<String, i64>>(peer, "com.map").await, map());
        assert_eq!(read::<Option<Vec<i64>>>(peer, "com.some").await, Some(vec![1, 2]));
        assert_eq!(read::<Option<Vec<i64>>>(peer, "com.none").await, None);
        read::<()>(peer, "com.nothing").await;
        assert_eq!(read::<Value>(peer, "com.nothing").await, Value::Null);
        assert_eq!(read::<Value>(peer, "com.number").await, Value::from(3));
    }
}

#[tokio::test]
async fn several_results_and_keyword_results_are_read_as_the_replies_that_they_are() {
    let app = application();
    let callee = app.join("realm1").await.unwrap();
    let _served = callee.serve(routes()).await.unwrap();
    for peer in &peers(&app).await {
        let pair = (1, "x".to_owned());
        assert_eq!(read::<Args<(i64, String)>>(peer, "com.args").await.0, pair);
        assert_eq!(read::<(i64, String)>(peer, "com.args").await, pair);
        assert_eq!(read::<Args<Vec<Value>>>(peer, "com.args").await.0, [Value::from(1), Value::from("x")]);
        assert_eq!(read::<Args<(Vec<i64>,)>>(peer, "com.list").await.0, (vec![1, 2],));
        assert_eq!(read::<Arg<(i64, String)>>(peer, "com.tuple").await.0, pair);
        assert_eq!(read::<Kwargs<BTreeMap<String, i64>>>(peer, "com.kwargs").await.0, map());
        #[derive(Deserialize)]
        struct Named {
            a: i64,
            b: i64,
        }
        let Kwargs(Named { a, b }) = read(peer, "com.kwargs").await;
        assert_eq!((a, b), (1, 2));
        let (Args(args), Kwargs(kwargs)) =
            read::<(Args<(i64, String)>, Kwargs<BTreeMap<String, i64>>)>(peer, "com.both").await;
        assert_eq!((args, kwargs), (pair, map()));
        for procedure in ["com.number", "com.list", "com.args", "com.kwargs", "com.both", "com.nothing"] {
            read::<()>(peer, procedure).await;
            let results: CallResult = read(peer, procedure).await;
            results.get::<(Args<Vec<Value>>, Kwargs<BTreeMap<String, i64>>)>().unwrap();
        }
    }
}

#[tokio::test]
async fn results_that_cannot_be_read_are_told_from_a_refusal_by_the_callee() {
    let app = application();
    let callee = app.join("realm1").await.unwrap();
    let routes = routes().procedure("com.text_back", |Args((text,)): Args<(String,)>| async move { text });
    let _served = callee.serve(routes).await.unwrap();
    for peer in &peers(&app).await {
        let unread = peer.call::<String, _>("com.number", ()).await.unwrap_err();
        let refused = peer.call::<String, _>("com.text_back", 3).await.unwrap_err();
        assert_eq!(
            (unread.uri(), refused.uri()),
            ("serverwamp.error.unreadable", "wamp.error.invalid_argument")
        );
        let text = unread.message().unwrap();
        assert!(
            text.starts_with("the results of \"com.number\" cannot be read as String: invalid type"),
            "{text}"
        );
        for (procedure, why) in [
            ("com.args", "there are 2 positional results: read `Args<..>`"),
            ("com.kwargs", "there are keyword results alone: read `Kwargs<..>`"),
            ("com.both", "there are 2 positional results and keyword results: read `(Args<..>, Kwargs<..>)`"),
            ("com.nothing", "there is no result"),
        ] {
            let error = peer.call::<Vec<i64>, _>(procedure, ()).await.unwrap_err();
            let expected = format!("the results of {procedure:?} cannot be read as Vec<i64>: {why}");
            assert_eq!(error.message(), Some(&*expected));
        }
    }
}

#[tokio::test]
async fn progressive_results_are_read_by_the_same_rule() {
    let app = application();
    let callee = app.join("realm1").await.unwrap();
    let count = || async { Progressive::new(futures_util::stream::iter([vec![1], vec![1, 2]])) };
    let _registration = callee.register("com.count", count).await.unwrap();
    let caller = app.join("realm1").await.unwrap();
    let mut results = caller.call("com.count", ()).progressive();
    assert_eq!(results.next().await.unwrap().get::<Vec<i64>>().unwrap(), [1]);
    let second = results.next().await.unwrap();
    assert_eq!(second.get::<Vec<i64>>().unwrap(), [1, 2]);
    let error = second.get::<&str>().unwrap_err();
    assert!(error.message().unwrap().starts_with("the results of \"com.count\" cannot be read as &str: "));
    results.finish().await.unwrap().get::<()>().unwrap();
}

#[tokio::test]
async fn what_is_published_is_read_as_the_type_that_was_published() {
    let app = application();
    let publisher = app.join("realm1").await.unwrap();
    for peer in &peers(&app).await {
        let mut events = peer.subscribe("com.t").await.unwrap();
        macro_rules! published {
            ($($sent:expr => $read:ty: $check:expr;)*) => {$(
                publisher.publish("com.t", $sent).await.unwrap();
                let event = events.recv().await.unwrap();
                let read: $read = event.bind().unwrap();
                let check: fn(&$read) -> bool = $check;
                assert!(check(&read), "{}", stringify!($sent));
            )*};
        }
        published! {
            3 => i64: |read| *read == 3;
            vec![1, 2] => Vec<i64>: |read| *read == [1, 2];
            (1, "x") => (i64, String): |read| *read == (1, "x".to_owned());
            (vec![1, 2],) => (Vec<i64>,): |read| read.0 == [1, 2];
            [1, 2] => [i64; 2]: |read| *read == [1, 2];
            Point(1, 2) => Point: |read| *read == Point(1, 2);
            joe() => User: |read| *read == joe();
            map() => BTreeMap<String, i64>: |read| *read == map();
            Some("x") => Option<&str>: |read| *read == Some("x");
            () => Option<i64>: |read| read.is_none();
            (1, 2) => (): |()| true;
            Args(vec![1, 2]) => Args<Vec<i64>>: |read| read.0 == [1, 2];
            Arg((1, 2)) => Arg<(i64, i64)>: |read| read.0 == (1, 2);
            Kwargs(map()) => Kwargs<BTreeMap<String, i64>>: |read| read.0 == map();
            (Args((1,)), Kwargs(map())) => (Args<(i64,)>, Kwargs<BTreeMap<String, i64>>):
                |read| read.0.0 == (1,) && read.1.0 == map();
        }
        publisher.publish("com.t", vec![1, 2]).await.unwrap();
        let error = events.recv().await.unwrap().bind::<(i64, i64)>().unwrap_err();
        assert_eq!(error.uri(), "serverwamp.error.unreadable");
        let text = error.message().unwrap();
        let begin = "the arguments of an event of \"com.t\" cannot be read as (i64, i64): argument 1: ";
        assert!(text.starts_with(begin), "{text}");
    }
}

#[tokio::test]
async fn what_is_printed_for_debugging_has_sizes_and_no_payload() {
    let app = application();
    let client = app.join("realm1").serializer(Serializer::Json).await.unwrap();
    let _registration = client.register("com.secret", || async { "s3cret" }).await.unwrap();
    let mut events = client.subscribe("com.t").await.unwrap();
    let caller = app.join("realm1").serializer(Serializer::Json).await.unwrap();
    caller.publish("com.t", "s3cret").await.unwrap();
    let results: CallResult = caller.call("com.secret", ()).await.unwrap();
    let texts = [format!("{results:?}"), format!("{:?}", events.recv().await.unwrap())];
    for text in &texts {
        let hidden = !text.contains("s3cret") && !text.contains("115, 51");
        assert!(hidden && text.contains("args_bytes: 10") && text.contains("com."), "{text}");
    }
}
