//! The smallest server: arguments, a result, an error. Run with `cargo run -p serverwamp --example hello`, then call it:
//! `cargo run -q -- call com.example.hello World`.

use serde::Deserialize;
use serverwamp::extract::{Captures, Params};
use serverwamp::{Application, ConfigError, Realm, RouteSet, Server, WampError, prefix};
use std::error::Error;

#[derive(Deserialize)]
struct Hello {
    name: String,
    #[serde(default)]
    loudly: bool,
}

/// `["World"]`, `["World", true]` and `{"name": "World"}` all reach it.
async fn hello(Params(Hello { name, loudly }): Params<Hello>) -> Result<String, WampError> {
    if name.is_empty() {
        return Err(WampError::new("com.example.error.nobody").arg("there is nobody to greet"));
    }
    Ok(if loudly { format!("HELLO, {}!", name.to_uppercase()) } else { format!("Hello, {name}.") })
}

/// Called as `com.example.echo.one.two`, it answers with `["one.two"]`.
async fn echo(Captures(rest): Captures) -> Vec<String> {
    rest
}

fn routes() -> RouteSet {
    RouteSet::new()
        .nest("com.example.", RouteSet::new().procedure("hello", hello).procedure(prefix("echo."), echo))
}

fn application() -> Result<Application, ConfigError> {
    let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes());
    Application::builder().realm(realm).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new(application()?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn somebody_is_greeted_and_nobody_is_not() {
        let client = application().unwrap().join("realm1").await.unwrap();
        let greeting: String = client.call("com.example.hello", ("World", true)).await.unwrap();
        assert_eq!(greeting, "HELLO, WORLD!");
        let error = client.call::<(), _>("com.example.hello", "").await.unwrap_err();
        assert_eq!(error.uri(), "com.example.error.nobody");
    }
}
