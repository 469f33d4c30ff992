//! A bare TCP connection, for what no WebSocket library would send: half a handshake, a handshake letter by
//! letter, frames that break the rules.

use std::io::{Read as _, Write};
use std::thread;
use std::time::{Duration, Instant};

use crate::http::{Connect, read_head, read_some};
use crate::peer::DEADLINE;
use crate::serial::Subprotocol;
use crate::stream::Stream;

/// A TCP connection to a server.
#[derive(Debug)]
pub struct RawTcp {
    stream: Stream,
}

impl RawTcp {
    /// Connects to a `ws://HOST:PORT/ws` address, and sends nothing.
    ///
    /// # Panics
    ///
    /// When there is no connection.
    #[must_use]
    #[track_caller]
    pub fn open(url: &str) -> Self {
        let connect = Connect::to(url);
        Self { stream: Stream::tcp(connect.address()) }
    }

    /// Connects and makes a whole handshake; from here on bytes are frames.
    ///
    /// # Panics
    ///
    /// When the server does not answer with 101.
    #[must_use]
    #[track_caller]
    pub fn upgraded(url: &str, subprotocol: Subprotocol) -> Self {
        let mut tcp = Self::open(url);
        tcp.write(&handshake(url, subprotocol));
        let (head, tail) = read_head(&mut tcp.stream, DEADLINE).expect("the handshake is answered");
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(tail.is_empty(), "a server waits for HELLO, and this one sent {tail:?}");
        tcp
    }

    /// Reads one octet, if there is one; an ended connection has none.
    pub fn read_octet(&mut self) {
        self.stream.set_read_timeout(Duration::from_millis(1));
        drop(self.stream.read(&mut [0]));
    }

    /// Takes a connection over on which something was said already.
    #[must_use]
    pub fn over(stream: Stream) -> Self {
        Self { stream }
    }

    /// A second handle to the same connection, to read while another thread writes.
    ///
    /// # Panics
    ///
    /// When the system has no more handles.
    #[must_use]
    pub fn second(&self) -> Self {
        Self { stream: self.stream.second() }
    }

    /// Writes bytes.
    ///
    /// # Panics
    ///
    /// When the server has closed the connection.
    #[track_caller]
    pub fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).unwrap_or_else(|error| panic!("the bytes cannot be written: {error}"));
    }

    /// Writes bytes to a server that may have closed the connection.
    ///
    /// # Errors
    ///
    /// When it has, or does not read.
    pub fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Writes bytes one by one with a pause before each. Gives the number the server took before it closed
    /// the connection.
    pub fn write_slowly(&mut self, bytes: &[u8], pause: Duration) -> usize {
        for (written, byte) in bytes.iter().enumerate() {
            thread::sleep(pause);
            if self.try_write(&[*byte]).is_err() {
                return written;
            }
        }
        bytes.len()
    }

    /// The next bytes to arrive. `None` when none do in time; empty when the connection is closed.
    pub fn read(&mut self, time: Duration) -> Option<Vec<u8>> {
        match read_some(&mut self.stream, Instant::now() + time) {
            Ok(bytes) => Some(bytes),
            Err(reason) if reason == "time is up" => None,
            Err(_) => Some(Vec::new()),
        }
    }

    /// Everything until the server closes the connection. `None` when it does not in time.
    pub fn read_to_end(&mut self, time: Duration) -> Option<Vec<u8>> {
        let deadline = Instant::now() + time;
        let mut all = Vec::new();
        loop {
            let bytes = self.read(deadline.saturating_duration_since(Instant::now()))?;
            if bytes.is_empty() {
                return Some(all);
            }
            all.extend(bytes);
        }
    }

    /// Ends the connection with a reset, as the system does for a program that crashed.
    ///
    /// # Panics
    ///
    /// When it is none of TCP.
    pub fn reset(self) {
        let linger = socket2::SockRef::from(self.stream.socket()).set_linger(Some(Duration::ZERO));
        linger.expect("a socket can be reset");
    }

    /// The port of this end.
    ///
    /// # Panics
    ///
    /// When it is none of TCP.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.stream.socket().local_addr().expect("a connected socket has an address").port()
    }

    /// Says that nothing more will be written, and goes on reading.
    pub fn finish_writing(&mut self) {
        self.stream.finish_writing();
    }
}

/// The usual opening handshake for a subprotocol.
#[must_use]
pub fn handshake(url: &str, subprotocol: Subprotocol) -> Vec<u8> {
    Connect::to(url).subprotocol(subprotocol).request()
}

/// Disconnects after every number of bytes of `bytes`, from none to all, each on a connection of its own.
/// Returns how many connections that took.
///
/// # Panics
///
/// When there is no connection any more: then the server has not survived this.
#[track_caller]
pub fn disconnect_at_every_byte(url: &str, bytes: &[u8]) -> usize {
    for length in 0..=bytes.len() {
        let mut tcp = RawTcp::open(url);
        // The server may refuse early, so that the rest has no reader.
        drop(tcp.try_write(&bytes[..length]));
    }
    bytes.len() + 1
}

/// A frame as a client sends it. The mask is all zero, which RFC 6455 allows, so the payload stays legible.
#[must_use]
pub fn frame(last: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![u8::from(last) << 7 | opcode];
    match payload.len() {
        length @ 0..=125 => bytes.push(0x80 | length.to_le_bytes()[0]),
        length @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&length.to_be_bytes()[size_of::<usize>() - 2..]);
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::frame;

    #[test]
    fn lengths_are_written_in_their_three_forms() {
        assert_eq!(frame(true, 1, b"ab"), [0x81, 0x82, 0, 0, 0, 0, b'a', b'b']);
        assert_eq!(frame(false, 2, &[0; 300])[..4], [0x02, 0xfe, 1, 44]);
        assert_eq!(frame(true, 2, &[0; 70_000])[..10], [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
    }
}
