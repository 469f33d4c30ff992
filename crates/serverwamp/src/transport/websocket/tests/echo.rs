//! The echo over hyper: the whole path from an HTTP request to the last byte, with other WebSocket code as the client.

use std::convert::Infallible;
use std::net::SocketAddr;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use serverwamp_proto::websocket::frame::push_masked;
use tokio::net::{TcpListener, TcpStream};
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::{Message, connect as connect_tungstenite};

use super::*;
use crate::rt::Runtime;

/// An echo on a free port.
async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = WebSocketConfig { deflate: true, ..WebSocketConfig::default() };
    let (config, runtime) = (Arc::new(config), Arc::new(Tokio) as Arc<dyn Runtime>);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (config, runtime) = (config.clone(), runtime.clone());
            let service = service_fn(move |request| {
                let answer = crate::transport::websocket::echo(request, &config, &runtime);
                async move { Ok::<_, Infallible>(answer) }
            });
            let io = TokioIo::new(stream);
            tokio::spawn(http1::Builder::new().serve_connection(io, service).with_upgrades());
        }
    });
    address
}

/// Opens a WebSocket by hand and returns the headers of the answer.
/// `early` follows the request at once.
async fn open(address: SocketAddr, extension: &str, early: &[u8]) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{extension}\r\n"
    );
    stream.write_all(&[request.as_bytes(), early].concat()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(answer).unwrap())
}

/// Everything the server sends until it ends the connection.
async fn converse(address: SocketAddr, frames: &[u8]) -> Vec<Event> {
    let (mut stream, _) = open(address, "", b"").await;
    stream.write_all(frames).await.unwrap();
    let (mut decoder, mut buf) = (Decoder::new(Role::Client, 1 << 24), BytesMut::new());
    let mut events = Vec::new();
    loop {
        while let Some(event) = decoder.decode(&mut buf).unwrap() {
            events.push(event);
        }
        if stream.read_buf(&mut buf).await.unwrap() == 0 {
            return events;
        }
    }
}

fn part(opcode: Opcode, fin: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_masked(opcode, fin, false, KEY, payload, &mut out);
    out
}

fn close(code: u16) -> Vec<u8> {
    part(Opcode::Close, true, &code.to_be_bytes())
}

#[tokio::test]
async fn cases_modelled_on_the_rfc() {
    use Opcode::{Binary, Continuation, Ping, Pong, Text};
    let text = |text: &'static str| Event::Text(Bytes::from_static(text.as_bytes()));
    let pong = |payload: &'static [u8]| Event::Pong(Bytes::from_static(payload));
    let closed = |code| Event::Close { code, reason: String::new() };
    // The frames sent, the events that come back, and the close code at the end.
    type Case = (&'static str, Vec<Vec<u8>>, Vec<Event>, u16);
    let cases: Vec<Case> = vec![
        ("text", vec![part(Text, true, b"hi"), close(1000)], vec![text("hi"), closed(Some(1000))], 1000),
        (
            "binary, empty",
            vec![part(Binary, true, b""), close(1001)],
            vec![Event::Binary(Bytes::new()), closed(Some(1001))],
            1001,
        ),
        (
            "fragments and a ping",
            vec![
                part(Text, false, b"a"),
                part(Ping, true, b"p"),
                part(Continuation, true, b"b"),
                close(1000),
            ],
            vec![pong(b"p"), text("ab"), closed(Some(1000))],
            1000,
        ),
        (
            "every ping of a few",
            [[part(Ping, true, b"1"), part(Ping, true, b"2")].concat().repeat(2), close(1000)].to_vec(),
            vec![pong(b"1"), pong(b"2"), pong(b"1"), pong(b"2"), closed(Some(1000))],
            1000,
        ),
        ("unasked pong", vec![part(Pong, true, b"p"), close(3000)], vec![closed(Some(3000))], 3000),
        ("bad UTF-8", vec![part(Text, true, b"\xce\xba\xff")], vec![], 1007),
        ("bad UTF-8 in an unfinished fragment", vec![part(Text, false, b"\xed\xa0")], vec![], 1007),
        ("RSV1 where nothing was negotiated", vec![vec![0xc1, 0x80, 0, 0, 0, 0]], vec![], 1002),
        ("continuation first", vec![part(Continuation, true, b"x")], vec![], 1002),
        ("not masked", vec![vec![0x81, 1, b'x']], vec![], 1002),
        ("close code 1005", vec![close(1005)], vec![], 1002),
        ("good, then bad", vec![part(Text, true, b"x"), vec![0x8f, 0x80, 0, 0, 0, 0]], vec![text("x")], 1002),
    ];
    let address = serve().await;
    for (name, frames, expected, code) in cases {
        let mut events = converse(address, &frames.concat()).await;
        if expected.iter().any(|event| matches!(event, Event::Close { .. })) {
            assert_eq!(events, expected, "{name}");
        } else {
            let last = events.pop();
            assert_eq!(events, expected, "{name}");
            assert!(
                matches!(last, Some(Event::Close { code: Some(last), .. }) if last == code),
                "{name}: {last:?}"
            );
        }
    }
}

#[tokio::test]
async fn frames_may_follow_the_request_at_once() {
    let address = serve().await;
    let (mut stream, _) = open(address, "", &part(Opcode::Binary, true, b"early")).await;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"\x82\x05early");
}

#[tokio::test]
async fn compressed_messages_come_back_compressed() {
    let address = serve().await;
    let (mut stream, answer) = open(address, "Sec-WebSocket-Extensions: permessage-deflate\r\n", b"").await;
    assert!(
        answer.contains("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        "{answer}"
    );
    let long = b"once more unto the breach ".repeat(200);
    stream.write_all(&frame(Opcode::Text, &long)).await.unwrap();
    let (mut decoder, mut buf) = (Decoder::new(Role::Client, 1 << 20).with_deflate(true), BytesMut::new());
    let event = loop {
        if let Some(event) = decoder.decode(&mut buf).unwrap() {
            break event;
        }
        assert_ne!(stream.read_buf(&mut buf).await.unwrap(), 0);
        assert!(buf.len() < 500, "not compressed");
    };
    assert_eq!(event, Event::Text(long.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tungstenite_gets_back_what_it_sends() {
    let address = serve().await;
    tokio::task::spawn_blocking(move || {
        let (mut client, _) = connect_tungstenite(format!("ws://{address}/")).unwrap();
        for size in [0, 1, 125, 126, 65535, 65536, 1 << 20] {
            let message = Message::binary(vec![size as u8; size]);
            client.send(message.clone()).unwrap();
            assert_eq!(client.read().unwrap(), message, "{size}");
        }
        let text = "\u{1f980}".repeat(100);
        let parts: Vec<&[u8]> = text.as_bytes().chunks(13).collect();
        for (index, part) in parts.iter().enumerate() {
            let opcode = OpCode::Data(if index == 0 { Data::Text } else { Data::Continue });
            let frame = Frame::message(part.to_vec(), opcode, index + 1 == parts.len());
            client.send(Message::Frame(frame)).unwrap();
        }
        assert_eq!(client.read().unwrap(), Message::text(text.as_str()));
        client.send(Message::Ping(Bytes::from_static(b"?"))).unwrap();
        assert_eq!(client.read().unwrap(), Message::Pong(Bytes::from_static(b"?")));
        client.close(None).unwrap();
        while client.read().is_ok() {}
    })
    .await
    .unwrap();
}
