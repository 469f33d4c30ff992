//! One connection to a server, without any library on the way of its bytes.

use crate::Failure;
use crate::exchange::Format;
use crate::frame;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::Duration;

/// The time that a server may be silent before the run is given up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Read buffers grow up to this.
const LARGE: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    input: Vec<u8>,
    /// Which part of `input` was received and not handed out yet.
    received: Range<usize>,
    output: Vec<u8>,
    written: usize,
    key: u32,
}

impl Client {
    /// A TCP connection and nothing else.
    pub(crate) fn plain(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self::over(stream))
    }

    /// Goes on with a connection of which everything was read that was sent.
    pub(crate) fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            input: vec![0; 1024],
            received: 0..0,
            output: Vec::new(),
            written: 0,
            key: 0x9e37_79b9,
        }
    }

    /// Sends a ping and waits for its pong, while nothing else is to come.
    pub(crate) fn ping(&mut self, payload: &[u8]) -> Result<(), Failure> {
        self.send(frame::PING, |out| out.extend_from_slice(payload));
        self.flush()?;
        loop {
            let received = self.received.clone();
            if let Some(frame) = frame::read(&self.input[received.clone()])? {
                let answer = received.start + frame.payload.start..received.start + frame.payload.end;
                self.received.start = answer.end;
                return match frame.opcode == frame::PONG && self.input[answer] == *payload {
                    true => Ok(()),
                    false => Err("no pong".into()),
                };
            }
            self.receive()?;
        }
    }

    /// An open WebSocket.
    pub(crate) fn websocket(address: SocketAddr, subprotocol: Option<&str>) -> Result<Self, Failure> {
        let mut client = Self::plain(address)?;
        let protocol =
            subprotocol.map_or_else(String::new, |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
        );
        client.stream.write_all(request.as_bytes())?;
        loop {
            client.receive()?;
            let bytes = &client.input[client.received.clone()];
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                if !bytes.starts_with(b"HTTP/1.1 101 ") {
                    return Err(format!("no upgrade: {}", String::from_utf8_lossy(bytes)).into());
                }
                client.received.start += end + 4;
                return Ok(client);
            }
        }
    }

    /// A WebSocket with a session that has joined `realm1`.
    pub(crate) fn session(address: SocketAddr, format: Format) -> Result<Self, Failure> {
        Self::join(address, format, "realm1")
    }

    /// A WebSocket with a joined session.
    pub(crate) fn join(address: SocketAddr, format: Format, realm: &str) -> Result<Self, Failure> {
        let mut client = Self::websocket(address, Some(format.subprotocol()))?;
        let welcome = client.ask(format.opcode(), &format.hello(realm))?;
        if !format.is_welcome(&welcome) {
            return Err(format!("no WELCOME but {}", String::from_utf8_lossy(&welcome)).into());
        }
        Ok(client)
    }

    /// Sends one message and waits for the next one, while the connection still blocks.
    pub(crate) fn ask(&mut self, opcode: u8, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.send(opcode, |out| out.extend_from_slice(message));
        self.flush()?;
        loop {
            if let Some(payload) = self.next()? {
                return Ok(self.input[payload].to_vec());
            }
            self.receive()?;
        }
    }

    /// Queues a message: what `fill` appends.
    pub(crate) fn send(&mut self, opcode: u8, fill: impl FnOnce(&mut Vec<u8>)) {
        // Another key for every frame, as the standard has it.
        self.key = self.key.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        frame::write(&mut self.output, opcode, self.key.to_ne_bytes(), fill);
    }

    /// Queues bytes as they are.
    pub(crate) fn send_plain(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    /// Writes what is queued; `false` when the socket does not take all of it now.
    pub(crate) fn flush(&mut self) -> Result<bool, Failure> {
        while self.written < self.output.len() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(0) => return Err("the server takes nothing any more".into()),
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(true)
    }

    /// Waits for one byte of the server, whichever.
    pub(crate) fn expect_byte(&mut self) -> Result<(), Failure> {
        Ok(self.stream.read_exact(&mut [0])?)
    }

    /// Reads once.
    pub(crate) fn receive(&mut self) -> Result<(), Failure> {
        self.make_room();
        match self.stream.read(&mut self.input[self.received.end..]) {
            Ok(0) => Err("the server ended a connection".into()),
            Ok(n) => {
                self.received.end += n;
                Ok(())
            }
            Err(error) if self.is_nonblocking_pause(&error) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// On a socket that blocks, "would block" means that the server was silent for too long.
    fn is_nonblocking_pause(&self, error: &std::io::Error) -> bool {
        let blocks = self.stream.read_timeout().is_ok_and(|timeout| timeout.is_some());
        error.kind() == ErrorKind::Interrupted || (error.kind() == ErrorKind::WouldBlock && !blocks)
    }

    fn make_room(&mut self) {
        if self.received.is_empty() {
            self.received = 0..0;
        } else if self.received.start > 0 && self.received.end == self.input.len() {
            self.input.copy_within(self.received.clone(), 0);
            self.received = 0..self.received.len();
        }
        if self.received.end == self.input.len() {
            self.input.resize(self.input.len() * 2, 0);
        }
    }

    /// The next message that was received whole; where [`bytes`](Self::bytes) has it.
    pub(crate) fn next(&mut self) -> Result<Option<Range<usize>>, Failure> {
        loop {
            let Some(frame) = frame::read(&self.input[self.received.clone()])? else {
                if self.received.is_empty()
                    && self.received.end * 2 > self.input.len()
                    && self.input.len() < LARGE
                {
                    self.input.resize(self.input.len() * 2, 0);
                }
                return Ok(None);
            };
            let start = self.received.start;
            let payload = start + frame.payload.start..start + frame.payload.end;
            self.received.start = payload.end;
            match frame.opcode {
                frame::TEXT | frame::BINARY => return Ok(Some(payload)),
                frame::PING => {
                    let ping = self.input[payload].to_vec();
                    self.send(frame::PONG, |out| out.extend_from_slice(&ping));
                }
                opcode => {
                    let text = String::from_utf8_lossy(&self.input[payload]);
                    return Err(format!("a frame with opcode {opcode}: {text}").into());
                }
            }
        }
    }

    pub(crate) fn bytes(&self, payload: Range<usize>) -> &[u8] {
        &self.input[payload]
    }

    /// From now on nothing waits.
    pub(crate) fn set_nonblocking(&self) -> Result<(), Failure> {
        self.stream.set_read_timeout(None)?;
        Ok(self.stream.set_nonblocking(true)?)
    }
}
