//! Others decide who comes in: a web server (realm `hooked`), a client's procedure as Crossbar.io has it (realm `asking`), the system
//! at the other end of a Unix socket (realm `local`). Run with
//! `cargo run -p serverwamp --features http-auth --example auth_elsewhere`, and let these two decide, each in a terminal of its own:
//!
//! ```sh
//! python -c "
//! import json
//! from http.server import BaseHTTPRequestHandler, HTTPServer
//! class Hook(BaseHTTPRequestHandler):
//!     def do_POST(self):
//!         asked = json.loads(self.rfile.read(int(self.headers['Content-Length'])))
//!         print(asked['authid'], asked['authmethod'])
//!         body = json.dumps({'allow': asked['ticket'] == 'secret!!!', 'authid': asked['authid'], 'role': 'member'}).encode()
//!         self.send_response(200)
//!         self.send_header('Content-Type', 'application/json')
//!         self.send_header('Content-Length', str(len(body)))
//!         self.end_headers()
//!         self.wfile.write(body)
//! HTTPServer(('127.0.0.1', 9000), Hook).serve_forever()"
//!
//! python -c "
//! from autobahn.asyncio.component import Component, run
//! from autobahn.wamp.exception import ApplicationError
//! backend = Component(transports='ws://127.0.0.1:8080/ws', realm='backend',
//!                     authentication={'ticket': {'authid': 'backend', 'ticket': 'of the backend'}})
//! @backend.on_join
//! async def joined(session, details):
//!     def authenticate(realm, authid, details):
//!         if details['ticket'] != 'secret!!!':
//!             raise ApplicationError('com.example.wrong_ticket')
//!         return {'role': 'member'}
//!     await session.register(authenticate, 'com.example.authenticate')
//! run([backend])"
//! ```
//!
//! Then log in by each of them:
//!
//! ```sh
//! WAMP_TICKET='secret!!!' cargo run -q -- call whoami --realm hooked --authid joe
//! WAMP_TICKET='secret!!!' cargo run -q -- call whoami --realm asking --authid joe
//! cargo run -q -- call whoami --realm local --url ws+unix:local.sock:/ws
//! ```

use serverwamp::auth::{self, AuthId, DynamicSettings, FetchSettings, HookSettings, Principal, Ticket};
use serverwamp::{Application, Realm, RouteSet, Server, Session, TransportInfo};
use std::error::Error;
use std::future::pending;
use std::sync::Arc;

/// The one whose procedure is asked comes in without one.
async fn backend(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    ticket.matches("of the backend").then(|| Principal::new(authid).role("backend"))
}

/// The user id is told by the system, which nobody can forge.
async fn by_uid(transport: Arc<TransportInfo>) -> Option<Principal> {
    let peer = transport.unix_peer?;
    Some(Principal::new(format!("uid {}", peer.uid)).role(if peer.uid == 0 { "admin" } else { "member" }))
}

async fn whoami(session: Session) -> String {
    format!("{}, {} by {}", session.authid(), session.authrole(), session.authmethod())
}

fn application() -> Result<Application, Box<dyn Error>> {
    let routes = || RouteSet::new().procedure("whoami", whoami);
    let hook = HookSettings::new("http://127.0.0.1:9000/", &FetchSettings::default())?;
    let asked = DynamicSettings::new("com.example.authenticate").realm("backend");
    let app = Application::builder()
        .realm(Realm::router("backend").authenticator(auth::ticket(backend)))
        .realm(Realm::new("hooked").authenticator(auth::http_hook(hook)).routes(routes()))
        .realm(Realm::new("asking").authenticator(auth::dynamic_ticket(asked)).routes(routes()))
        .realm(Realm::new("local").authenticator(auth::transport("unix", by_uid)).routes(routes()))
        .build()?;
    Ok(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let app = application()?;
    // One that was left behind by a program that was killed.
    drop(std::fs::remove_file("local.sock"));
    let unix = tokio::net::UnixListener::bind("local.sock")?;
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws and local.sock", tcp.local_addr()?);
    let server = Server::new(app);
    tokio::try_join!(server.clone().serve(tcp, pending()), server.serve(unix, pending()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp::Value;
    use serverwamp::extract::Args;

    #[tokio::test]
    async fn a_procedure_decides_who_comes_in() {
        let app = application().unwrap();
        let backend = app.join("backend").ticket("checker", "of the backend").await.unwrap();
        let decide = |_: Args<Vec<Value>>| async { "member" };
        let _decides = backend.register("com.example.authenticate", decide).await.unwrap();
        let joe = app.join("asking").ticket("joe", "any").await.unwrap();
        assert_eq!(joe.call::<String, _>("whoami", ()).await.unwrap(), "joe, member by ticket");
    }
}
