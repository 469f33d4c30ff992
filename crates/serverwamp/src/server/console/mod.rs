//! The web console: what happens in a server, in a browser; beside the sessions of a server, and as a `tower` service.
//!
//! In: requests below the console's path. Out: its pages, and the WebSocket of its sessions. Invariant: no page is given to a request for
//! a host that is none of the application's.

pub use serverwamp_console::{Console, POLICY, Visitor};

use crate::base::statistics::Refusal;
use crate::transport::PeerAddress;
use crate::{Application, Server, WebSocketService};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower_service::Service;

impl Server {
    /// Serves the web console below its path, and a WebSocket for its sessions there.
    ///
    /// Where the application has an [admin interface](crate::Admin) that lets the console in ([`auth::console`](crate::auth::console)), it shows more.
    ///
    /// ```no_run
    /// use serverwamp::console::{Console, Visitor};
    /// use serverwamp::{Admin, AdminPermission, Application, Realm, auth};
    ///
    /// # #[cfg(feature = "tokio")]
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let console = Console::new();
    /// let admin = Admin::new().realm(|realm| realm.authenticator(auth::console(&console)));
    /// let app = Application::builder()
    ///     .realm(Realm::router("realm1").allow_anonymous("guest"))
    ///     .admin(admin.role("operator", [AdminPermission::Read]))
    ///     .build()?;
    /// let visitor = Visitor { authid: "console".to_owned(), role: "operator".to_owned() };
    /// println!("http://127.0.0.1:8080{}", console.link(visitor)?);
    /// serverwamp::Server::new(app).console(&console).bind("127.0.0.1:8080").await?.run().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn console(mut self, console: &Console) -> Self {
        self.options.console = Some(console.clone());
        self
    }
}

/// Answers the requests for the web console, and the WebSocket of its sessions: for axum, hyper and everything else that mounts a
/// `tower` service.
///
/// Paths are compared as a whole, so it is a fallback, or stands at routes that keep them.
///
/// ```
/// # let app = serverwamp::Application::builder().realm(serverwamp::Realm::new("realm1").allow_anonymous("guest")).build()?;
/// let console = serverwamp::console::Console::new();
/// let http: axum::Router = axum::Router::new()
///     .route_service("/ws", app.websocket())
///     .fallback_service(app.console(&console));
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ConsoleService {
    app: Application,
    console: Console,
    websocket: WebSocketService,
}

impl Application {
    /// A service with the web console, and the WebSocket of its sessions.
    pub fn console(&self, console: &Console) -> ConsoleService {
        ConsoleService { app: self.clone(), console: console.clone(), websocket: self.websocket() }
    }
}

impl ConsoleService {
    fn page<B>(&self, request: Request<B>) -> Response<Full<Bytes>> {
        let carriers = self.app.inner().settings.carriers();
        if let Err((status, why)) = carriers.websocket.hosts.check(&request) {
            let address = request.extensions().get::<PeerAddress>().map(|address| address.0);
            self.app.inner().counters.refused(Refusal::Host, address, &why);
            let mut response = Response::new(Full::from(format!("refused: {why}\n")));
            *response.status_mut() = status;
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, plain);
            self.console.protect(&mut response);
            return response;
        }
        self.console.answer(&request.into_parts().0)
    }
}

impl<B> Service<Request<B>> for ConsoleService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if request.uri().path() == self.console.websocket_path() {
            let mut answer = self.websocket.answer(request);
            if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
                self.console.protect(&mut answer);
            }
            return ready(Ok(answer));
        }
        ready(Ok(self.page(request)))
    }
}

#[cfg(test)]
#[cfg(feature = "tokio")]
mod tests;
