//! Clients that wait: HTTP as text, and WAMP in JSON over RawSocket.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than anything here takes, and shorter than a test may hang.
const PATIENCE: Duration = Duration::from_secs(20);

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A connection over which a request was begun.
pub(crate) struct Http(TcpStream);

impl Http {
    /// Sends what there is of a request.
    pub(crate) fn send(address: SocketAddr, request: &str) -> Self {
        let mut stream = connect(address);
        stream.write_all(request.as_bytes()).unwrap();
        Self(stream)
    }

    /// Sends more of it.
    pub(crate) fn more(&mut self, bytes: &str) -> io::Result<()> {
        self.0.write_all(bytes.as_bytes())
    }

    /// The head of the next answer, and its body if it says how long that is.
    pub(crate) fn head(&mut self) -> String {
        let (mut answer, mut byte) = (Vec::new(), [0]);
        while !answer.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        let head = String::from_utf8(answer).unwrap();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).unwrap();
        head + &String::from_utf8(body).unwrap()
    }

    /// All that is answered until the connection ends.
    pub(crate) fn answer(mut self) -> String {
        let mut answer = Vec::new();
        // What was not read of a request may end in a reset, behind the answer.
        let _end = self.0.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }
}

/// The answer to a whole request without a body, whose connection ends with it.
pub(crate) fn request(address: SocketAddr, method: &str, path: &str) -> String {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    Http::send(address, &head).answer()
}

/// A session over RawSocket.
pub(crate) struct Peer(TcpStream);

impl Peer {
    /// Joins the realm `realm1`.
    pub(crate) fn join(address: SocketAddr) -> Self {
        let mut this = Self::connect(address);
        let welcome = this.hello("realm1");
        assert!(welcome.starts_with("[2,"), "{welcome}");
        this
    }

    /// Shakes hands, and says nothing more.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let mut stream = connect(address);
        stream.write_all(&[0x7f, 0xf1, 0, 0]).unwrap();
        let mut hello = [0; 4];
        stream.read_exact(&mut hello).unwrap();
        assert_eq!((hello[0], hello[1] & 0x0f), (0x7f, 1), "{hello:?}");
        Self(stream)
    }

    /// The answer to HELLO.
    pub(crate) fn hello(&mut self, realm: &str) -> String {
        self.say(&format!(r#"[1,"{realm}",{{"roles":{{"caller":{{}},"subscriber":{{}}}}}}]"#));
        self.hear().unwrap()
    }

    /// Sends a message.
    pub(crate) fn say(&mut self, message: &str) {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length, message.as_bytes()].concat()).unwrap();
    }

    /// The next message; an error when the connection is over.
    pub(crate) fn hear(&mut self) -> io::Result<String> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let mut message = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.0.read_exact(&mut message)?;
        Ok(String::from_utf8(message).unwrap())
    }
}
