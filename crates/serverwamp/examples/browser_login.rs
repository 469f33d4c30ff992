//! A page that logs in: browsers cannot set headers of a WebSocket, so a name and a password become either a cookie or a token
//! that is sent as a ticket. Neither is ever part of a URL, which ends up in logs and histories. Run with
//! `cargo run -p serverwamp --features jwt --example browser_login`, open http://127.0.0.1:8080/ and log in as joe with `secret!!!`.
//! Without a browser, `curl -d '{"name":"joe","password":"secret!!!"}' http://127.0.0.1:8080/token` prints a token, and
//! `WAMP_TICKET=TOKEN cargo run -q -- call whoami --realm members --authid joe` joins with it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serverwamp::auth::{self, Cookie, JwtKeys, JwtSettings, JwtSigner, Principal, Secret};
use serverwamp::{Application, Realm, RouteSet, Server, Session, Value};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// WAMP in JSON is a few lists; a page of your own has autobahn-js or wampy.js for that.
const PAGE: &str = r#"<!doctype html><meta charset=utf-8><title>Log in</title>
<form><input name=name value=joe> <input name=password type=password>
<button value=cookie>with a cookie</button> <button value=token>with a token</button></form><pre></pre><script>
const shown = document.querySelector('pre');
document.querySelector('form').onsubmit = async event => {
    event.preventDefault();
    const form = event.target, way = event.submitter.value;
    const body = JSON.stringify({ name: form.name.value, password: form.password.value });
    const answer = await fetch('/' + way, { method: 'POST', body });
    if (!answer.ok) { shown.innerText = 'not logged in'; return; }
    join(way, await answer.text());
};
function join(way, token) {
    const socket = new WebSocket(`ws://${location.host}/ws`, 'wamp.2.json');
    const say = message => socket.send(JSON.stringify(message));
    const authmethods = [way === 'cookie' ? 'cookie' : 'ticket'];
    socket.onopen = () => say([1, 'members', { roles: { caller: {} }, authmethods }]);
    socket.onmessage = ({ data }) => {
        const [kind, id, , args] = JSON.parse(data);
        if (kind === 4) say([5, token, {}]); // CHALLENGE: the token is the ticket
        if (kind === 2) say([48, 1, {}, 'whoami']);
        if (kind === 3 || kind === 50) shown.innerText = kind === 3 ? data : args[0];
    };
}
</script>"#;

/// Who has which cookie. A program of your own keeps them where they survive a restart, and lets them expire.
#[derive(Clone)]
struct Logins {
    password: Arc<Secret>,
    cookies: Arc<Mutex<HashMap<String, String>>>,
    signer: Arc<JwtSigner>,
}

impl Logins {
    /// The name, if the password is the right one. A program of your own keeps hashes of passwords.
    fn name(&self, body: &[u8]) -> Option<String> {
        let login: serde_json::Value = serde_json::from_slice(body).ok()?;
        let (name, password) = (login["name"].as_str()?, login["password"].as_str()?);
        (self.password.matches(password) & (name == "joe")).then(|| name.to_owned())
    }
}

/// `HttpOnly` keeps scripts from the cookie, `SameSite` other sites. Behind TLS, add `Secure`.
async fn log_in_with_cookie(State(logins): State<Logins>, body: Bytes) -> Response {
    let Some(name) = logins.name(&body) else { return StatusCode::FORBIDDEN.into_response() };
    let mut random = [0_u8; 16];
    if getrandom::fill(&mut random).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let id = format!("{:032x}", u128::from_be_bytes(random));
    let cookie = format!("sid={id}; HttpOnly; SameSite=Strict; Path=/");
    logins.cookies.lock().unwrap_or_else(PoisonError::into_inner).insert(id, name);
    ([(header::SET_COOKIE, cookie)], "").into_response()
}

/// A token for ten minutes; a session ends when the token that it joined with does.
#[expect(clippy::disallowed_methods, reason = "a token expires by the calendar")]
async fn log_in_with_token(State(logins): State<Logins>, body: Bytes) -> Response {
    let Some(name) = logins.name(&body) else { return StatusCode::FORBIDDEN.into_response() };
    let expires = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + Duration::from_secs(600);
    let claims = [("sub", Value::from(name)), ("exp", expires.as_secs().into())];
    match logins.signer.sign(claims) {
        Ok(token) => token.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Asked before anything else: the browser sends the cookie with the request for the WebSocket.
async fn by_cookie(
    Cookie(id): Cookie,
    serverwamp::extract::State(logins): serverwamp::extract::State<Logins>,
) -> Option<Principal> {
    let cookies = logins.cookies.lock().unwrap_or_else(PoisonError::into_inner);
    cookies.get(std::str::from_utf8(id.expose()).ok()?).map(|name| Principal::new(name).role("member"))
}

async fn whoami(session: Session) -> String {
    format!("{}, {} by {}", session.authid(), session.authrole(), session.authmethod())
}

fn application() -> Result<(Application, Logins), Box<dyn Error>> {
    let mut secret = [0_u8; 32];
    getrandom::fill(&mut secret)?;
    let logins = Logins {
        password: Arc::new(Secret::from("secret!!!")),
        cookies: Arc::default(),
        signer: Arc::new(JwtSigner::from_secret(Secret::new(secret))?),
    };
    let tokens = JwtSettings::new(JwtKeys::from_secret(Secret::new(secret))?).role("member");
    let members = Realm::new("members")
        .authenticator(auth::cookie("sid", by_cookie))
        .authenticator(auth::jwt(tokens))
        .routes(RouteSet::new().procedure("whoami", whoami));
    let app = Application::builder().realm(members).with_state(logins.clone()).build()?;
    Ok((app, logins))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let (app, logins) = application()?;
    let pages = Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/cookie", post(log_in_with_cookie))
        .route("/token", post(log_in_with_token))
        .with_state(logins);
    let server =
        Server::new(app).fallback_service(pages).request_bytes(4 << 10).bind("127.0.0.1:8080").await?;
    println!("http://{}/", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    #[tokio::test]
    async fn the_cookie_of_a_login_lets_its_page_in() {
        let (app, logins) = application().unwrap();
        let body = Bytes::from(r#"{"name": "joe", "password": "secret!!!"}"#);
        let answer = log_in_with_cookie(State(logins), body).await;
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap();
        let request = Request::builder().header(header::COOKIE, cookie).body(()).unwrap();
        let page = app.join("members").with_request(request.into_parts().0).await.unwrap();
        assert_eq!(page.call::<String, _>("whoami", ()).await.unwrap(), "joe, member by cookie");
    }
}
