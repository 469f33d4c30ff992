//! A server whose realms ask somebody else who a peer is: keys of tokens, a web server, a client's procedure.
//!
//! Arguments name what is asked: `jwt=FILE`, `jwks=URL`, `issuer=URL`, `hook=URL`, `credentials=FILE`, each for a realm of that name;
//! `runtime=smol` runs it there. It prints `listening ws://127.0.0.1:PORT/ws`. The realm `backend` is for callees, `dynamic` asks them.

use serverwamp::auth::{
    self, AuthId, Cookie, Credentials, CryptosignOptions, DynamicSettings, FetchSettings, HookSettings,
    JwtKeys, JwtSettings, Principal, ProxyHeader, ScramKdf, ScramOptions, Ticket,
};
use serverwamp::{Application, Realm, RouteSet, Server, Session, TrustedProxies};
use std::collections::HashMap;
use std::error::Error;
use std::future::pending;
use std::net::TcpListener;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(tracing::Level::INFO)
        .init();
    let arguments = std::env::args().skip(1);
    let arguments: HashMap<String, String> = arguments
        .filter_map(|argument| {
            argument.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .collect();
    let app = application(&arguments)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    println!("listening ws://{}/ws", listener.local_addr()?);
    if runs_on_smol(&arguments) {
        smol::block_on(Server::new(app).serve(smol::net::TcpListener::try_from(listener)?, pending()))?;
    } else {
        tokio::runtime::Runtime::new()?.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Server::new(app).serve(listener, pending()).await.map_err(Box::<dyn Error>::from)
        })?;
    }
    Ok(())
}

fn runs_on_smol(arguments: &HashMap<String, String>) -> bool {
    arguments.get("runtime").is_some_and(|name| name == "smol")
}

fn application(arguments: &HashMap<String, String>) -> Result<Application, Box<dyn Error>> {
    let mut builder = Application::builder()
        .realm(Realm::router("backend").authenticator(auth::ticket(backend)).allow_anonymous("guest"))
        .realm(presented("presented", "127.0.0.1"))
        .realm(presented("presented_elsewhere", "192.0.2.1"))
        .realm(dynamic("dynamic", DynamicSettings::new("com.example.authenticate").realm("backend")))
        // Its callees were let in by a procedure.
        .realm(dynamic("circular", DynamicSettings::new("com.example.authenticate").realm("dynamic")));
    let fetching = FetchSettings::default().timeout(Duration::from_secs(2));
    for (name, value) in arguments {
        let keys = match name.as_str() {
            "jwt" => JwtKeys::from_file(value)?,
            "jwks" => JwtKeys::from_url(value, &fetching)?,
            "issuer" => JwtKeys::discover(value, &fetching)?,
            "hook" => {
                let hook = HookSettings::new(value, &fetching)?.headers(["x-session"])?;
                let realm = Realm::new("hook").authenticator(auth::http_hook_by_headers(hook.clone()));
                builder = builder.realm(realm.authenticator(auth::http_hook(hook)).routes(who()));
                continue;
            }
            "credentials" => {
                builder = builder.realm(users(Credentials::from_file(value)?.look_every(Duration::ZERO)));
                continue;
            }
            _ => continue,
        };
        let keys = keys.fetch_at_most_every(Duration::from_millis(50));
        let settings = JwtSettings::new(keys).audience("chat").role_from("roles", ["admin", "member"]);
        let realm = Realm::new(name).authenticator(auth::jwt(settings.clone()));
        builder = builder.realm(realm.authenticator(auth::bearer(settings)).routes(who()));
    }
    let builder = if runs_on_smol(arguments) { builder.runtime(serverwamp::rt::Smol) } else { builder };
    Ok(builder.build()?)
}

/// A cookie, or a header of a proxy at this address.
fn presented(name: &str, proxy: &str) -> Realm {
    let cookie = |Cookie(id): Cookie| async move {
        id.matches("7f3c9a51d2").then(|| Principal::new("joe").role("member"))
    };
    let header = |ProxyHeader(user): ProxyHeader| async move { Principal::new(user).role("employee") };
    let proxies = TrustedProxies::x_forwarded_for([proxy]);
    Realm::new(name)
        .authenticator(auth::cookie("sid", cookie))
        .authenticator(auth::header("x-remote-user", proxies, header))
        .allow_anonymous("guest")
        .routes(who())
}

/// Users of a file, by every method that it has something for.
fn users(credentials: Credentials) -> Realm {
    Realm::new("credentials")
        .authenticator(credentials.ticket())
        .authenticator(credentials.cra())
        .authenticator(credentials.scram())
        .authenticator(credentials.cryptosign())
        .routes(who())
}

fn dynamic(name: &str, settings: DynamicSettings) -> Realm {
    let settings = settings.timeout(Duration::from_secs(2));
    Realm::router(name)
        .authenticator(auth::dynamic_transport("header", settings.clone()))
        .authenticator(auth::dynamic_cra(settings.clone().salted(100, 32)))
        .authenticator(auth::dynamic_scram(settings.clone(), scram_users()))
        .authenticator(auth::dynamic_cryptosign(settings.clone(), CryptosignOptions::default()))
        .authenticator(auth::dynamic_ticket(settings.clone()))
        .authenticator(auth::dynamic_anonymous(settings))
        .routes(who())
}

/// What the authenticator's users of WAMP-SCRAM have.
fn scram_users() -> ScramOptions {
    ScramOptions::default().users(ScramKdf::Argon2id13 { iterations: 1, memory: 64 }, 16)
}

async fn backend(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    ticket.matches("of the backend").then(|| Principal::new(authid).role("backend"))
}

fn who() -> RouteSet {
    RouteSet::new().procedure("who", |session: Session| async move {
        [session.authid().to_owned(), session.authrole().to_owned(), session.authmethod().to_owned()]
    })
}
