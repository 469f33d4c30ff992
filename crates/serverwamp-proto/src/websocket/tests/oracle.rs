//! Round trips with another implementation, tungstenite, as the client.

use std::io::{self, Read, Write};

use bytes::BytesMut;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{Role as TheirRole, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::{LIMIT, server};
use crate::websocket::frame::{push, push_close};
use crate::websocket::{Event, Opcode};

/// Bytes to a client, which reads a few at a time, and bytes from it.
#[derive(Default)]
struct Wire {
    to_client: Vec<u8>,
    read: usize,
    from_client: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let rest = &self.to_client[self.read..];
        let n = rest.len().min(buf.len()).min(1000);
        if n == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        buf[..n].copy_from_slice(&rest[..n]);
        self.read += n;
        Ok(n)
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.from_client.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn client() -> WebSocket<Wire> {
    WebSocket::from_raw_socket(Wire::default(), TheirRole::Client, Some(WebSocketConfig::default()))
}

fn messages() -> Vec<Message> {
    let mut messages: Vec<Message> = [0, 1, 125, 126, 1000, 65535, 65536, LIMIT]
        .iter()
        .map(|&len| Message::binary(vec![len as u8; len]))
        .collect();
    messages.push(Message::text("gr\u{fc}n \u{1f600}"));
    messages.push(Message::Ping(b"ping".to_vec().into()));
    messages.push(Message::Pong(b"pong".to_vec().into()));
    messages
}

fn as_message(event: Event) -> Message {
    match event {
        Event::Text(text) => Message::text(String::from_utf8(text.to_vec()).unwrap()),
        Event::Binary(data) => Message::Binary(data),
        Event::Ping(data) => Message::Ping(data),
        Event::Pong(data) => Message::Pong(data),
        Event::Close { .. } => Message::Close(None),
        event @ (Event::TooLong(_) | Event::Record { .. } | Event::Passing(_)) => {
            panic!("nothing is passed over unasked: {event:?}")
        }
    }
}

#[test]
fn its_messages_arrive() {
    let mut client = client();
    for message in messages() {
        client.send(message).unwrap();
    }
    client.close(None).unwrap();
    let mut decoder = server();
    let mut buf = BytesMut::from(client.get_ref().from_client.as_slice());
    let mut received = Vec::new();
    while let Some(event) = decoder.decode(&mut buf).unwrap() {
        received.push(as_message(event));
    }
    let mut expected = messages();
    expected.push(Message::Close(None));
    assert_eq!(received, expected);
}

#[test]
fn its_fragments_arrive() {
    let mut client = client();
    let text = "\u{20ac} and \u{1f600}".repeat(50);
    let parts: Vec<&[u8]> = text.as_bytes().chunks(7).collect();
    for (index, part) in parts.iter().enumerate() {
        let opcode = OpCode::Data(if index == 0 { Data::Text } else { Data::Continue });
        let frame = Frame::message(part.to_vec(), opcode, index + 1 == parts.len());
        client.send(Message::Frame(frame)).unwrap();
        client.send(Message::Ping(vec![index as u8].into())).unwrap();
    }
    let mut decoder = server();
    let mut buf = BytesMut::from(client.get_ref().from_client.as_slice());
    let mut texts = Vec::new();
    let mut pings = 0;
    while let Some(event) = decoder.decode(&mut buf).unwrap() {
        match event {
            Event::Ping(_) => pings += 1,
            event => texts.push(as_message(event)),
        }
    }
    assert_eq!((texts, pings), (vec![Message::text(text.as_str())], parts.len()));
}

#[test]
fn it_understands_our_frames() {
    let mut client = client();
    for message in messages() {
        let opcode = match &message {
            Message::Text(_) => Opcode::Text,
            Message::Ping(_) => Opcode::Ping,
            Message::Pong(_) => Opcode::Pong,
            _ => Opcode::Binary,
        };
        push(opcode, &message.into_data(), &mut client.get_mut().to_client);
    }
    push_close(Some(1001), "going away", &mut client.get_mut().to_client);
    for expected in messages() {
        assert_eq!(client.read().unwrap(), expected);
    }
    let Message::Close(Some(close)) = client.read().unwrap() else { panic!("no close") };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1001, "going away"));
}
