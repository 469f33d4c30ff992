//! `serve = ["console"]`: its pages and its WebSocket are where the file says, and elsewhere after a reload.

use crate::PATIENCE;
use crate::program::{Program, Scratch};
use serverwamp_conformance::{RawPeer, Subprotocol};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// With a path, and routers that its pages may connect to.
fn config(console: &str) -> String {
    format!(
        "[control]\nsocket = \"control.sock\"\n\
         [[listen]]\naddress = \"127.0.0.1:0\"\nserve = [\"console\"]\n{console}\n\
         [[realm]]\nname = \"realm1\"\nauth = [{{ anonymous = {{}} }}]\n"
    )
}

/// The head of the answer to GET.
fn head(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time above 0");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let answer = String::from_utf8_lossy(&answer);
    answer.split_once("\r\n\r\n").map_or_else(|| answer.to_string(), |(head, _)| head.to_owned())
}

#[test]
fn a_reload_moves_the_console() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, &config(""));
    let address = program.address(0);
    let first = head(&address, "/console/");
    assert!(first.starts_with("HTTP/1.1 200 ") && first.contains("content-encoding: gzip"), "{first}");
    assert!(first.contains("connect-src 'self'\r\n"), "{first}");
    drop(RawPeer::joined(&format!("ws://{address}/console/ws"), Subprotocol::JSON, "realm1"));
    assert!(head(&address, "/ws").starts_with("HTTP/1.1 404 "), "clients have no WebSocket here");

    program.reload(&config("console = { path = \"/look\", routers = [\"ws://127.0.0.1:9000\"] }"));
    let moved = head(&address, "/look/");
    assert!(
        moved.starts_with("HTTP/1.1 200 ") && moved.contains("connect-src 'self' ws://127.0.0.1:9000\r\n"),
        "{moved}"
    );
    assert!(head(&address, "/console/").starts_with("HTTP/1.1 404 "), "it has moved");
    drop(RawPeer::joined(&format!("ws://{address}/look/ws"), Subprotocol::JSON, "realm1"));
}
