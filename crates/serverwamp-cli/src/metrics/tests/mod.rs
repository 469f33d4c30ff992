//! The service behind a `Server`, asked over a socket; and the documents beside it.

mod documents;
mod load;
mod promtool;
mod served;

use super::{Health, MonitoringService};
use serverwamp::memory::MemoryPeer;
use serverwamp::{Application, Realm, RouteSet, Serializer, Server, prefix};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A realm with a name that every format has to escape.
const ODD_REALM: &str = r#"odd"\realm"#;

fn application() -> Application {
    let routes = || {
        RouteSet::new()
            .procedure("shop.price", || async { 3 })
            .procedure("shop.fail", || async { Err::<(), _>(serverwamp::WampError::new("shop.error.none")) })
    };
    let realm = |name: &str| Realm::router(name).allow_anonymous("guest").routes(routes());
    let builder = Application::builder().realm(realm("realm1")).realm(realm(ODD_REALM));
    builder.metrics(|metrics| metrics.uris = vec![prefix("shop.")]).build().unwrap()
}

async fn say(peer: &mut MemoryPeer, message: &str) -> String {
    peer.send(message.to_owned()).await.unwrap();
    String::from_utf8(peer.receive().await.unwrap().to_vec()).unwrap()
}

async fn join(app: &Application, realm: &str) -> MemoryPeer {
    let mut peer = app.connect(Serializer::Json);
    let realm = realm.replace('\\', "\\\\").replace('"', "\\\"");
    let roles = r#"{"roles":{"caller":{},"subscriber":{},"publisher":{}}}"#;
    assert!(say(&mut peer, &format!(r#"[1,"{realm}",{roles}]"#)).await.starts_with("[2,"));
    peer
}

/// A session that has called, subscribed and published, so that next to no metric is 0.
async fn busy(app: &Application) -> MemoryPeer {
    let mut peer = join(app, "realm1").await;
    for request in 1..=70 {
        let procedure = if request % 7 == 0 { "shop.fail" } else { "shop.price" };
        say(&mut peer, &format!(r#"[48,{request},{{}},"{procedure}"]"#)).await;
    }
    say(&mut peer, r#"[32,71,{},"shop.news"]"#).await;
    say(&mut peer, r#"[16,72,{"exclude_me":false},"shop.news",["x"]]"#).await;
    peer
}

/// An HTTP server with nothing but this service, and an application beside it.
struct Monitored {
    app: Application,
    health: Health,
    address: SocketAddr,
}

impl Monitored {
    async fn start() -> Self {
        Self::of(application()).await
    }

    async fn of(app: Application) -> Self {
        let health = Health::new();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = MonitoringService::new(app.clone(), health.clone());
        let server = Server::new(app.clone()).fallback_service(service);
        tokio::spawn(server.serve(listener, std::future::pending()));
        Self { app, health, address }
    }

    /// Asks, and gives the head and the body of the answer.
    async fn ask(&self, request: &str, headers: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head =
            format!("{request} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n", self.address);
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str) -> (String, String) {
        self.ask(&format!("GET {path}"), "").await
    }

    async fn metrics(&self, accept: &str) -> String {
        let (head, body) = self.ask("GET /metrics", &format!("Accept: {accept}\r\n")).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        body
    }
}
