//! Servers of one application with settings of their own, which are replaced while they serve.

use super::client::{Http, Peer, request};
use axum::Router;
use axum::routing::get;
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::server::ServerControl;
use serverwamp::websocket::Origins;
use serverwamp::{Application, Realm, RealmTemplate, Refusal, Server, TrustedProxies, prefix};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that serves until this is stopped or dropped.
struct Listening {
    address: SocketAddr,
    control: ServerControl,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

fn listen(runtime: &Runtime, server: Server) -> Listening {
    let (server, control) = server.controlled();
    let bound = runtime.block_on(server.bind("127.0.0.1:0")).unwrap();
    let (address, (stop, stopped)) = (bound.local_addr(), oneshot::channel());
    let serving = runtime.spawn(async move { bound.serve(async { drop(stopped.await) }).await.unwrap() });
    Listening { address, control, stop, serving }
}

fn guests(name: &str) -> Realm {
    Realm::router(name).allow_anonymous("guest")
}

fn application() -> Application {
    Application::builder().realm(guests("realm1")).build().unwrap()
}

/// A request that opens a WebSocket, on a connection that is kept if it is refused.
fn upgrade(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n{more}\r\n"
    )
}

/// The status of the answer to such a request.
fn opens(address: SocketAddr, path: &str, more: &str) -> u16 {
    let answer = Http::send(address, &upgrade(path, more)).head();
    answer[9..12].parse().unwrap()
}

fn no_such_realm(name: &str) -> String {
    format!(r#"[3,{{"message":"there is no realm \"{name}\""}},"wamp.error.no_such_realm"]"#)
}

#[test]
fn servers_of_one_application_have_paths_and_settings_of_their_own() {
    let (runtime, app) = (Runtime::new().unwrap(), application());
    let inside = listen(&runtime, Server::new(app.clone()));
    let outside = Server::new(app.clone()).paths(["/one", "/two"]).websocket(|config| {
        config.origins = Origins::listed(["https://app.example.com"]);
    });
    let outside = listen(&runtime, outside.rawsocket_config(|config| config.max_message = 1024));
    let origin = "Origin: https://app.example.com\r\n";
    assert_eq!((opens(inside.address, "/ws", ""), opens(inside.address, "/ws", origin)), (101, 403));
    for path in ["/one", "/two"] {
        assert_eq!(opens(outside.address, path, origin), 101, "{path}");
    }
    let lost = Http::send(outside.address, &upgrade("/ws", "Connection: close\r\n")).answer();
    assert!(lost.starts_with("HTTP/1.1 404") && lost.contains("the WebSocket is at /one and /two"), "{lost}");
    let page = request(outside.address, "GET", "/");
    assert!(page.contains("\n/one  WebSocket\n/two  WebSocket\n"), "{page}");
    let long = format!(r#"[48,1,{{}},"com.none",["{}"]]"#, "x".repeat(1024));
    let [mut here, mut there] = [inside.address, outside.address].map(Peer::join);
    here.say(&long);
    there.say(&long);
    assert!(here.hear().unwrap().starts_with("[8,48,1,"));
    assert!(there.hear().unwrap().starts_with("[3,"));
    // What the application changes is for whoever has nothing of its own.
    app.reconfigure(|settings| settings.websocket.origins = Origins::any_origin()).unwrap();
    let foreign = "Origin: https://elsewhere.example\r\n";
    assert_eq!((opens(inside.address, "/ws", foreign), opens(outside.address, "/one", foreign)), (101, 403));
}

#[test]
fn a_realm_that_a_server_may_not_serve_is_as_if_it_did_not_exist() {
    async fn member(AuthId(id): AuthId, Ticket(_): Ticket) -> Option<Principal> {
        Some(Principal::new(id))
    }
    let template = RealmTemplate::new(prefix("tenant."), |name| Realm::router(name));
    let builder = Application::builder()
        .realm(guests("realm1"))
        .realm(guests("internal"))
        .realm_template(template.authenticator(auth::ticket(member)));
    let (runtime, app) = (Runtime::new().unwrap(), builder.build().unwrap());
    let tenants = Server::new(app.clone()).realms([prefix("tenant."), "realm1".into()]);
    let servers = [Server::new(app.clone()), Server::new(app.clone()).realms(["realm1"]), tenants]
        .map(|server| listen(&runtime, server));
    let [inside, outside, tenants] = [0, 1, 2].map(|number: usize| servers[number].address);
    let hello = |address, realm: &str| Peer::connect(address).hello(realm);
    for address in [inside, outside, tenants] {
        assert!(hello(address, "realm1").starts_with("[2,"));
        assert_eq!(hello(address, "nowhere"), no_such_realm("nowhere"));
    }
    assert!(hello(inside, "internal").starts_with("[2,"));
    for address in [outside, tenants] {
        assert_eq!(hello(address, "internal"), no_such_realm("internal"));
    }
    // Whoever offers no method is refused by a template in another way.
    assert!(hello(inside, "tenant.a").contains("no_matching_auth_method"));
    assert!(hello(tenants, "tenant.a").contains("no_matching_auth_method"));
    assert_eq!(hello(outside, "tenant.a"), no_such_realm("tenant.a"));
    assert_eq!(app.statistics().sessions_established, 4);
}

#[test]
fn a_default_realm_takes_whoever_asks_for_a_realm_that_is_not_served() {
    let default = Application::builder().default_realm(guests("public")).realm(guests("internal"));
    let (runtime, app) = (Runtime::new().unwrap(), default.build().unwrap());
    let servers =
        ["public", "internal"].map(|realm| listen(&runtime, Server::new(app.clone()).realms([realm])));
    let [outside, other] = [0, 1].map(|number: usize| servers[number].address);
    let realm = app.realm("internal").unwrap();
    let _there = [Peer::connect(outside), Peer::connect(outside)].map(|mut peer| {
        assert!(peer.hello("internal").starts_with("[2,"));
        peer
    });
    assert!(realm.sessions().is_empty());
    assert_eq!(Peer::connect(other).hello("public"), no_such_realm("public"));
    assert!(Peer::connect(other).hello("internal").starts_with("[2,"));
}

#[test]
fn settings_are_replaced_for_connections_that_come_and_sessions_go_on() {
    let (runtime, app) = (Runtime::new().unwrap(), application());
    let Listening { address, control, .. } = &listen(&runtime, Server::new(app.clone()));
    let (mut session, mut kept) = (Peer::join(*address), Http::send(*address, ""));
    let ask = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    kept.more(ask).unwrap();
    assert!(!kept.head().contains("connection: close"));
    let other = Server::new(app.clone()).path("/other").rawsocket(false).health("/alive");
    control.replace(other).unwrap();
    assert_eq!((opens(*address, "/ws", ""), opens(*address, "/other", "")), (404, 101));
    session.say(r#"[48,1,{},"wamp.session.count"]"#);
    assert_eq!(session.hear().unwrap(), "[50,1,{},[1]]");
    // A connection that is kept answers once more, as before, and ends.
    kept.more(ask).unwrap();
    let last = kept.answer();
    assert!(last.starts_with("HTTP/1.1 200") && last.contains("connection: close"), "{last}");
    assert!(request(*address, "GET", "/health").starts_with("HTTP/1.1 404"));
    assert!(request(*address, "GET", "/alive").starts_with("HTTP/1.1 200"));
    // So do changes of the application's settings.
    let mut kept = Http::send(*address, &ask.replace("/health", "/alive"));
    assert!(!kept.head().contains("connection: close"));
    app.reconfigure(|settings| settings.limits.subscriptions = 1).unwrap();
    kept.more(ask).unwrap();
    assert!(kept.answer().contains("connection: close"));
}

#[test]
fn settings_that_can_never_work_replace_nothing() {
    let (runtime, app) = (Runtime::new().unwrap(), application());
    let Listening { address, control, .. } = &listen(&runtime, Server::new(app.clone()));
    let wrong = Server::new(app.clone())
        .paths(["/a", "/health", "b"])
        .realms(["a..b"])
        .handshake_timeout(Duration::ZERO)
        .websocket(|config| config.max_message = 0)
        .rawsocket_config(|config| config.serializers.clear())
        .long_poll_config(|config| config.idle_timeout = Duration::ZERO)
        .trusted_proxies(TrustedProxies::x_forwarded_for(["nginx"]))
        .connections(7);
    let error = control.replace(wrong.clone()).unwrap_err();
    let text = error.to_string();
    for part in [
        "the path \"/health\" has two uses",
        "write \"/b\"",
        "\"a..b\" is not a valid URI",
        "`handshake_timeout` is 0",
        "WebSocketConfig::max_message is 0",
        "RawSocketConfig::serializers",
        "LongPollConfig::idle_timeout",
        "invalid trusted proxy",
        "write `Limits::connections`",
    ] {
        assert!(text.contains(part), "{part:?} in {text}");
    }
    assert_eq!(error.problems().count(), 9, "{text}");
    assert_eq!(wrong.check().unwrap_err().to_string(), text);
    let error = control.replace(Server::new(application())).unwrap_err().to_string();
    assert!(error.contains("of another application"), "{error}");
    let pages = || Router::new().route("/", get(|| async {}));
    for (server, part) in [
        (Server::new(app.clone()).without_wamp(), "add a service"),
        (Server::new(app.clone()).without_wamp().fallback_service(pages()).long_poll("/lp"), "is WAMP"),
        (Server::new(app.clone()).without_wamp().fallback_service(pages()).connections(0), "is 0"),
        (Server::new(app.clone()).realms([""; 0]), "`realms` is empty"),
        (Server::new(app.clone()).realms([serverwamp::regex("a.*")]), "prefixes and wildcards"),
        (Server::new(app.clone()).paths([""; 0]), "`paths` is empty"),
        (Server::new(app).long_poll("/").path("/ws"), "has two uses"),
    ] {
        let error = control.replace(server).unwrap_err().to_string();
        assert!(error.contains(part), "{part:?} in {error}");
    }
    assert_eq!(opens(*address, "/ws", ""), 101);
}

#[test]
fn a_server_without_wamp_has_pages_and_nothing_else() {
    let limited = Application::builder().realm(guests("realm1")).limits(|limits| limits.connections = 1);
    let (runtime, app) = (Runtime::new().unwrap(), limited.build().unwrap());
    let peers = listen(&runtime, Server::new(app.clone()));
    let pages = Router::new().route("/metrics", get(|| async { "all is well" }));
    let pages = Server::new(app.clone()).without_wamp().fallback_service(pages).connections(8);
    let operators = listen(&runtime, pages.clone().drain(Duration::from_secs(5)));
    let mut session = Peer::join(peers.address);
    assert!(request(peers.address, "GET", "/health").starts_with("HTTP/1.1 503"), "the only place is taken");
    // It is counted apart.
    assert!(request(operators.address, "GET", "/metrics").ends_with("all is well"));
    assert!(request(operators.address, "GET", "/health").starts_with("HTTP/1.1 200"));
    for path in ["/ws", "/", "/lp/open"] {
        assert_eq!(opens(operators.address, path, "Connection: close\r\n"), 404, "{path}");
    }
    let refused = Http::send(operators.address, "\x7f\x31\0\0").answer();
    assert!(refused.starts_with("HTTP/1.1 400"), "RawSocket is not spoken: {refused}");
    operators.control.replace(pages.without_health()).unwrap();
    assert!(request(operators.address, "GET", "/health").starts_with("HTTP/1.1 404"));
    assert_eq!(app.statistics().connections_accepted, 1, "operators are no peers");
    let held: Vec<Http> = (0..8).map(|_| Http::send(operators.address, "G")).collect();
    while !request(operators.address, "GET", "/metrics").contains("too many connections") {}
    assert!(app.statistics().refused(Refusal::Connections) >= 2);
    drop(held);
    // It stops by itself, and nobody's session ends with it.
    drop(operators.stop);
    runtime.block_on(operators.serving).unwrap();
    session.say(r#"[48,1,{},"wamp.session.count"]"#);
    assert_eq!(session.hear().unwrap(), "[50,1,{},[1]]");
}

#[test]
fn a_server_without_wamp_answers_while_the_application_shuts_down() {
    let (runtime, app) = (Runtime::new().unwrap(), application());
    let pages = Router::new().route("/metrics", get(|| async { "all is well" }));
    let pages = Server::new(app.clone()).without_wamp().fallback_service(pages);
    let operators = listen(&runtime, pages);
    let shutting_down = runtime.spawn(async move { app.shutdown(Duration::ZERO).await });
    runtime.block_on(shutting_down).unwrap();
    assert!(request(operators.address, "GET", "/metrics").ends_with("all is well"));
    assert!(request(operators.address, "GET", "/health").starts_with("HTTP/1.1 503"));
}

#[test]
fn each_server_trusts_its_own_proxies() {
    let (runtime, app) = (Runtime::new().unwrap(), application());
    let servers = [TrustedProxies::none(), TrustedProxies::proxy_protocol(["127.0.0.1"])]
        .map(|proxies| listen(&runtime, Server::new(app.clone()).trusted_proxies(proxies)));
    let [direct, proxied] = [0, 1].map(|number: usize| servers[number].address);
    let ask = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    // Version 2 of PROXY, of the proxy's own account.
    let told = format!("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0{ask}");
    assert!(Http::send(direct, ask).answer().starts_with("HTTP/1.1 200"));
    assert!(Http::send(proxied, &told).answer().starts_with("HTTP/1.1 200"));
    assert_eq!(Http::send(proxied, ask).answer(), "");
    let unasked = Http::send(direct, &told).answer();
    assert!(!unasked.starts_with("HTTP/1.1 200"), "{unasked}");
}

#[test]
fn clients_that_poll_keep_their_transport_when_settings_are_replaced() {
    let (runtime, app) = (Runtime::new().unwrap(), application());
    let polled = || Server::new(app.clone()).long_poll("/lp");
    let Listening { address, control, .. } = &listen(&runtime, polled());
    let post = |path: &str, body: &str| {
        let head = format!("POST /lp/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        Http::send(*address, &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len())).answer()
    };
    let opened = post("open", r#"{"protocols":["wamp.2.json"]}"#);
    let id = opened.split("\"transport\":\"").nth(1).unwrap().trim_end_matches("\"}").to_owned();
    control.replace(polled().long_poll_config(|config| config.max_message = 2048)).unwrap();
    let sent = post(&format!("{id}/send"), r#"[1,"realm1",{"roles":{"caller":{}}}]"#);
    assert!(sent.starts_with("HTTP/1.1 204"), "{sent}");
    assert!(post(&format!("{id}/receive"), "").contains("[2,"));
    assert!(post(&format!("{id}/close"), "").starts_with("HTTP/1.1 204"));
}
