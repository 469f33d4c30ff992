//! One peer that waits for its answers, over WebSocket or RawSocket, and can leave in ways that a good client does not.

use crate::Failure;
use crate::exchange::Format;
use crate::frame;
use crate::message::{Item, beginning, message};
use crate::tls::Stream;
use rustix::net::sockopt::{set_socket_linger, set_socket_recv_buffer_size};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How much is written by one system call. The system copies that in one go and lets nobody else have the processor: who
/// shares it with those who make a flood would wait for them and not for the server.
const AT_ONCE: usize = 16 * 1024;

/// What ends a JSON message in a batch.
pub(crate) const RECORD_END: u8 = 0x1e;

/// What carries the messages of a peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Carrier {
    WebSocket,
    /// A WebSocket whose messages are batches, in JSON.
    Batches,
    RawSocket,
}

impl Carrier {
    /// With what a connection begins.
    pub(crate) fn handshake(self, format: Format, more: &str) -> Vec<u8> {
        match self {
            Self::WebSocket | Self::Batches => format!(
                "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
                 Sec-WebSocket-Protocol: {}{}\r\n{more}\r\n",
                format.subprotocol(),
                if self == Self::Batches { ".batched" } else { "" },
            )
            .into_bytes(),
            Self::RawSocket => {
                let serializer = match format {
                    Format::Json => 1,
                    Format::MsgPack => 2,
                    Format::Cbor => 3,
                };
                vec![0x7f, 0xf0 | serializer, 0, 0]
            }
        }
    }
}

/// A connected peer.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: Stream,
    pub(crate) carrier: Carrier,
    pub(crate) format: Format,
    input: Vec<u8>,
    requests: u64,
}

impl Peer {
    /// A connection on which nothing was said.
    pub(crate) fn connect(address: SocketAddr, carrier: Carrier, format: Format) -> Result<Self, Failure> {
        Ok(Self::on(Stream::connect(address)?, carrier, format))
    }

    /// A peer on a stream on which nothing was said.
    pub(crate) const fn on(stream: Stream, carrier: Carrier, format: Format) -> Self {
        Self { stream, carrier, format, input: Vec::new(), requests: 0 }
    }

    /// A connection with its handshake made.
    pub(crate) fn open(address: SocketAddr, carrier: Carrier, format: Format) -> Result<Self, Failure> {
        Self::open_with(address, carrier, format, "")
    }

    /// A connection with its handshake made, these lines among its headers.
    pub(crate) fn open_with(
        address: SocketAddr,
        carrier: Carrier,
        format: Format,
        headers: &str,
    ) -> Result<Self, Failure> {
        Self::connect(address, carrier, format)?.opened(headers)
    }

    /// Makes the handshake.
    pub(crate) fn opened(mut self, headers: &str) -> Result<Self, Failure> {
        self.write(&self.carrier.handshake(self.format, headers))?;
        loop {
            let head = match self.carrier {
                Carrier::WebSocket | Carrier::Batches => {
                    let end = self.input.windows(4).position(|four| four == b"\r\n\r\n");
                    end.map(|end| (end + 4, self.input.starts_with(b"HTTP/1.1 101 ")))
                }
                Carrier::RawSocket => {
                    (self.input.len() >= 4).then(|| (4, self.input[1] & 15 == self.serializer()))
                }
            };
            match head {
                Some((end, true)) => {
                    self.input.drain(..end);
                    return Ok(self);
                }
                Some(_) => return Err(format!("no handshake but {}", self.input.escape_ascii()).into()),
                None => self.receive()?,
            }
        }
    }

    /// A session in `realm1`.
    pub(crate) fn join(address: SocketAddr, carrier: Carrier, format: Format) -> Result<Self, Failure> {
        Self::open(address, carrier, format)?.welcomed()
    }

    /// Joins `realm1`.
    pub(crate) fn welcomed(self) -> Result<Self, Failure> {
        self.welcomed_in("realm1")
    }

    /// Joins a realm.
    pub(crate) fn welcomed_in(mut self, realm: &str) -> Result<Self, Failure> {
        self.say(&self.format.hello(realm))?;
        let welcome = self.hear()?;
        match self.format.is_welcome(&welcome) {
            true => Ok(self),
            false => Err(format!("no WELCOME but {}", welcome.escape_ascii()).into()),
        }
    }

    fn serializer(&self) -> u8 {
        self.carrier.handshake(self.format, "")[1] & 15
    }

    /// The id of the next request.
    pub(crate) const fn next_request(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    /// Sends a message.
    pub(crate) fn say(&mut self, message: &[u8]) -> Result<(), Failure> {
        let frame = self.frame(message);
        self.write(&frame)
    }

    /// Sends the message that consists of these.
    pub(crate) fn tell(&mut self, items: &[Item<'_>]) -> Result<(), Failure> {
        self.say(&message(self.format, items))
    }

    /// A message as it stands on the wire.
    pub(crate) fn frame(&self, message: &[u8]) -> Vec<u8> {
        let mut frame = match self.carrier {
            Carrier::WebSocket => frame::unmasked_head(0x80 | self.format.opcode(), message.len()),
            Carrier::Batches => frame::unmasked_head(0x80 | self.format.opcode(), message.len() + 1),
            Carrier::RawSocket => (message.len() as u32).to_be_bytes().to_vec(),
        };
        frame.extend_from_slice(message);
        if self.carrier == Carrier::Batches {
            frame.push(RECORD_END);
        }
        frame
    }

    /// Lets the system keep as little as possible of what is not read, so that it is the server that has to.
    pub(crate) fn keep_little(&self) -> Result<(), Failure> {
        Ok(set_socket_recv_buffer_size(self.stream.socket(), 4096)?)
    }

    /// Sends bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        bytes.chunks(AT_ONCE).try_for_each(|step| self.stream.write_all(step))?;
        Ok(())
    }

    /// Sends so much of these bytes, and if they are encrypted, of what encloses them.
    pub(crate) fn write_part(&mut self, bytes: &[u8], length: usize) -> Result<(), Failure> {
        Ok(self.stream.write_part(bytes, length)?)
    }

    /// Writes what the server takes within this time, and says how much that was; an ended connection takes nothing.
    pub(crate) fn write_within(&mut self, bytes: &[u8], time: Duration) -> Result<usize, Failure> {
        self.stream.socket().set_write_timeout(Some(time))?;
        let mut written = 0;
        while written < bytes.len() {
            let step = &bytes[written..(written + AT_ONCE).min(bytes.len())];
            match self.stream.write(step) {
                Ok(more) if more > 0 => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        Ok(written)
    }

    /// The next message.
    pub(crate) fn hear(&mut self) -> Result<Vec<u8>, Failure> {
        loop {
            if let Some(message) = self.received()? {
                return Ok(message);
            }
            self.receive()?;
        }
    }

    /// The next message that begins like this one of `length` elements; others before it are passed over.
    pub(crate) fn hear_of(&mut self, length: usize, items: &[Item<'_>]) -> Result<Vec<u8>, Failure> {
        let wanted = beginning(self.format, length, items);
        loop {
            let message = self.hear()?;
            // The last element has no comma behind it, and here it never is the last.
            if message.starts_with(&wanted) {
                return Ok(message);
            }
        }
    }

    /// Asks, and passes over everything until the answer, of `length` elements, which begins with `code` and this id.
    pub(crate) fn ask(&mut self, code: u64, length: usize, items: &[Item<'_>]) -> Result<Vec<u8>, Failure> {
        let Some(Item::Int(request)) = items.get(1).copied() else { return Err("no request".into()) };
        self.tell(items)?;
        self.hear_of(length, &[Item::Int(code), Item::Int(request)])
    }

    fn received(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            let (is_message, payload) = match self.carrier {
                Carrier::WebSocket | Carrier::Batches => {
                    let Some(frame) = frame::read(&self.input)? else { return Ok(None) };
                    match frame.opcode {
                        frame::TEXT | frame::BINARY => (true, frame.payload),
                        frame::PING | frame::PONG => (false, frame.payload),
                        opcode => {
                            let text = self.input[frame.payload].escape_ascii();
                            return Err(format!("a frame with opcode {opcode}: {text}").into());
                        }
                    }
                }
                Carrier::RawSocket => {
                    let Some((head, _)) = self.input.split_at_checked(4) else { return Ok(None) };
                    let [kind, high, middle, low] = head else { return Ok(None) };
                    let len = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
                    if self.input.len() < 4 + len {
                        return Ok(None);
                    }
                    (*kind == 0, 4..4 + len)
                }
            };
            let end = payload.end;
            let message = self.input[payload].to_vec();
            self.input.drain(..end);
            if is_message {
                return Ok(Some(message));
            }
        }
    }

    fn receive(&mut self) -> Result<(), Failure> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err("the server ended a connection".into()),
            read => {
                self.input.extend_from_slice(&buffer[..read]);
                Ok(())
            }
        }
    }

    /// The socket, to be waited for.
    pub(crate) fn socket(&self) -> &TcpStream {
        self.stream.socket()
    }

    /// From now on what is not there is not waited for.
    pub(crate) fn does_not_block(&self) -> Result<(), Failure> {
        Ok(self.stream.socket().set_nonblocking(true)?)
    }

    /// The next message, if it is there.
    pub(crate) fn hear_at_once(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if let Some(message) = self.received()? {
                match message.starts_with(b"[3,") {
                    true => return Err(message.escape_ascii().to_string().into()),
                    false => return Ok(Some(message)),
                }
            }
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err("the server ended a connection".into()),
                Ok(read) => self.input.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads what is there without a look at it, and says how much that was.
    pub(crate) fn pass_over(&mut self) -> Result<usize, Failure> {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Err("the server ended a connection".into()),
            Ok(read) => Ok(read),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes nothing more, and reads until the server has ended the connection as well.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.stream.say_last()?;
        self.stream.socket().shutdown(Shutdown::Write)?;
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error)
                    if [ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof].contains(&error.kind()) =>
                {
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends the connection with a reset, as one whose program crashed may end.
    pub(crate) fn reset(self) -> Result<(), Failure> {
        Ok(set_socket_linger(self.stream.socket(), Some(Duration::ZERO))?)
    }
}
