//! Where nothing can listen, and what is said about it.

use serverwamp::rt::{BoxFuture, Runtime, Smol};
use serverwamp::{Application, Realm, Server};
use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant};

fn application(runtime: impl Runtime) -> Application {
    let realm = Realm::<()>::new("realm1").allow_anonymous("guest");
    Application::builder().runtime(runtime).realm(realm).build().unwrap()
}

fn refusal(app: Application, address: &str) -> (io::ErrorKind, String) {
    let error = smol::block_on(Server::new(app).bind(address)).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn an_address_that_is_in_use_is_named_with_what_to_do() {
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let (kind, text) = refusal(application(Smol), &address);
    assert_eq!(kind, io::ErrorKind::AddrInUse);
    assert_eq!(
        text,
        format!("cannot listen at {address}: it is in use; stop the other program, or choose another port")
    );
}

#[test]
fn what_is_no_address_or_none_of_this_machine_is_named_with_what_to_do() {
    let (kind, text) = refusal(application(Smol), "192.0.2.1:8080");
    assert_eq!(kind, io::ErrorKind::AddrNotAvailable);
    assert!(
        text.starts_with("cannot listen at 192.0.2.1:8080: it is not an address of this machine"),
        "{text}"
    );
    for address in ["8080", "127.0.0.1", "ws://127.0.0.1:8080/ws", ""] {
        let (_, text) = refusal(application(Smol), address);
        assert!(text.starts_with(&format!("cannot listen at {address}: ")), "{text}");
        assert!(text.ends_with("write an address and a port, such as 127.0.0.1:8080"), "{text}");
    }
}

#[test]
fn a_runtime_that_is_not_there_and_settings_that_never_work_are_told() {
    let (_, text) = refusal(application(serverwamp::rt::Tokio), "127.0.0.1:0");
    assert!(text.contains("this is no task of a tokio runtime"), "{text}");
    let without_sockets = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let server = Server::new(application(serverwamp::rt::Tokio));
    let error = without_sockets.block_on(server.bind("127.0.0.1:0")).unwrap_err();
    assert!(error.to_string().contains("`.enable_io()`"), "{error}");
    let server = Server::new(application(Smol)).handshake_timeout(Duration::ZERO);
    let error = smol::block_on(server.bind("127.0.0.1:0")).unwrap_err();
    assert!(error.to_string().contains("`handshake_timeout` is 0"), "{error}");
}

/// A runtime without sockets.
#[derive(Debug)]
struct NoSockets;

impl Runtime for NoSockets {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        Smol.spawn(task);
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Smol.sleep_until(deadline)
    }
}

#[test]
fn a_runtime_without_sockets_says_what_to_write_instead() {
    let (kind, text) = refusal(application(NoSockets), "127.0.0.1:0");
    assert_eq!(kind, io::ErrorKind::Unsupported);
    assert!(
        text.contains("implement `Runtime::listen`, or hand the connections to `Server::serve`"),
        "{text}"
    );
}

#[test]
fn a_name_is_looked_up_and_port_0_is_some_port() {
    let server = smol::block_on(Server::new(application(Smol)).bind("localhost:0")).unwrap();
    let address = server.local_addr();
    assert!(address.ip().is_loopback() && address.port() != 0, "{address}");
    smol::block_on(server.serve(std::future::ready(()))).unwrap();
}
