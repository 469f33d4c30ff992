//! The life of one client that polls over HTTP: several requests make a transport, and nothing ends it but an ending or
//! time.

use crate::Failure;
use crate::client::PATIENCE;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The end of a transport.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    /// With the request that is for it.
    Close,
    /// Not at all: nobody asks for anything any more.
    Silence,
    /// The same while a request waits for messages.
    Waiting,
    /// In the middle of a request.
    InRequest,
}

/// A transport with a session.
#[derive(Debug)]
pub(super) struct Polling {
    http: Http,
    /// The path of the transport.
    path: String,
    ending: Ending,
}

impl Polling {
    /// Opens a transport, joins, calls and subscribes.
    pub(super) fn begin(address: SocketAddr, number: u64) -> Result<Self, Failure> {
        let endings = [Ending::Close, Ending::Silence, Ending::Waiting, Ending::InRequest];
        let ending = endings[(number % endings.len() as u64) as usize];
        let mut http = Http::connect(address)?;
        let opened = http.ask("/lp/open", r#"{"protocols":["wamp.2.json"]}"#)?;
        let transport: serde_json::Value = serde_json::from_slice(&opened)?;
        let id = transport["transport"].as_str().ok_or("no transport was opened")?;
        let mut polling = Self { http, path: format!("/lp/{id}"), ending };
        for (message, answer) in [
            (r#"[1,"realm1",{"roles":{"caller":{},"subscriber":{}}}]"#, "[2,"),
            (r#"[48,1,{},"demo.add",[20,22]]"#, "[50,1,{},[42]]"),
            (r#"[32,2,{},"soak.polled"]"#, "[33,2,"),
        ] {
            polling.http.ask(&format!("{}/send", polling.path), message)?;
            let received = polling.http.ask(&format!("{}/receive", polling.path), "")?;
            if !received.starts_with(answer.as_bytes()) {
                return Err(format!("{message} was answered with {}", received.escape_ascii()).into());
            }
        }
        Ok(polling)
    }

    /// Ends, and does not look whether the server has ended it before: what is not used for long it does end.
    pub(super) fn end(mut self) -> Result<(), Failure> {
        match self.ending {
            Ending::Close => self
                .http
                .request(&format!("{}/close", self.path), "")
                .and_then(|()| self.http.answer().map(drop)),
            Ending::Silence => Ok(()),
            Ending::Waiting => self.http.request(&format!("{}/receive", self.path), ""),
            Ending::InRequest => {
                let head = format!(
                    "POST {}/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n[48",
                    self.path
                );
                Ok(self.http.0.write_all(head.as_bytes())?)
            }
        }
    }
}

/// An HTTP connection that stays open between requests.
#[derive(Debug)]
struct Http(TcpStream);

impl Http {
    fn connect(address: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    fn request(&mut self, path: &str, body: &str) -> Result<(), Failure> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        Ok(self.0.write_all(request.as_bytes())?)
    }

    /// The body of the answer to a request that has to succeed.
    fn ask(&mut self, path: &str, body: &str) -> Result<Vec<u8>, Failure> {
        self.request(path, body)?;
        let (head, body) = self.answer()?;
        match head.starts_with("HTTP/1.1 2") {
            true => Ok(body),
            false => Err(format!("{path} was answered with {head}").into()),
        }
    }

    /// Head and body of an answer.
    fn answer(&mut self) -> Result<(String, Vec<u8>), Failure> {
        let mut received = Vec::new();
        loop {
            if let Some(end) = received.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&received[..end]).into_owned();
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
                });
                let body = &received[end + 4..];
                if body.len() >= length.unwrap_or(0) {
                    return Ok((head, body.to_vec()));
                }
            }
            let mut buffer = [0; 4096];
            match self.0.read(&mut buffer)? {
                0 => return Err("the server ended a connection in an answer".into()),
                read => received.extend_from_slice(&buffer[..read]),
            }
        }
    }
}
