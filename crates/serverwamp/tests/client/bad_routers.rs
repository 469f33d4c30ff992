//! Routers that answer with nonsense: each ends the attempt or the session with an error that says what was wrong.

use serverwamp::Serializer;
use serverwamp::client::{Client, ClientBuilder, ClientError, Login, SessionEnd};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

pub(crate) const WELCOME: &str = r#"[2,4711,{"roles":{"broker":{},"dealer":{}}}]"#;

/// A router whose every octet is the test's.
pub(crate) struct FakeRouter {
    listener: TcpListener,
    stream: Option<TcpStream>,
}

pub(crate) type Connecting = JoinHandle<Result<Client, ClientError>>;

impl FakeRouter {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap(), stream: None }
    }

    /// A client that connects in JSON over RawSocket.
    pub(crate) fn connect(&self, login: Login) -> Connecting {
        let address = self.listener.local_addr().unwrap();
        let connecting =
            Client::connect(format!("rs://{address}")).realm("realm1").serializer(Serializer::Json);
        tokio::spawn(connecting.login(login).into_future())
    }

    /// A client that connects over WebSocket.
    pub(crate) fn connect_websocket(&self) -> Connecting {
        let connecting = Client::connect(format!("ws://{}/ws", self.listener.local_addr().unwrap()));
        tokio::spawn(connecting.realm("realm1").timeout(Duration::from_secs(5)).into_future())
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// A client in a session over RawSocket, in JSON.
    pub(crate) async fn joined() -> (Self, Client) {
        let mut router = Self::start().await;
        let client = router.connect(Login::anonymous());
        router.hear().await.unwrap();
        router.say(WELCOME).await;
        (router, client.await.unwrap().unwrap())
    }

    /// A client in a session over WebSocket, in JSON, for which `extensions` were agreed upon; and the router's stream.
    pub(crate) async fn joined_over_websocket(
        set: impl FnOnce(ClientBuilder) -> ClientBuilder,
        extensions: &str,
    ) -> (TcpStream, Client) {
        let router = Self::start().await;
        let connecting = set(Client::connect(format!("ws://{}/ws", router.address())).realm("realm1"));
        let client = tokio::spawn(connecting.serializer(Serializer::Json).into_future());
        let (mut stream, _) = router.listener.accept().await.unwrap();
        upgrade(&mut stream, extensions, &text_frame(WELCOME.as_bytes())).await;
        (stream, client.await.unwrap().unwrap())
    }

    /// The connection as it is.
    pub(crate) async fn stream(&mut self) -> &mut TcpStream {
        if self.stream.is_none() {
            self.stream = Some(self.listener.accept().await.unwrap().0);
        }
        self.stream.as_mut().unwrap()
    }

    /// The connection behind the handshake of RawSocket.
    async fn session(&mut self) -> &mut TcpStream {
        let fresh = self.stream.is_none();
        let stream = self.stream().await;
        if fresh {
            let mut octets = [0; 4];
            stream.read_exact(&mut octets).await.unwrap();
            stream.write_all(&[0x7f, 0xf0 | octets[1] & 0x0f, 0, 0]).await.unwrap();
        }
        stream
    }

    pub(crate) async fn say(&mut self, message: &str) {
        let frame = [&u32::try_from(message.len()).unwrap().to_be_bytes(), message.as_bytes()].concat();
        self.session().await.write_all(&frame).await.unwrap();
    }

    /// The next message; an error when the client has closed the connection, or says nothing for long.
    pub(crate) async fn hear(&mut self) -> io::Result<String> {
        tokio::time::timeout(Duration::from_secs(20), self.hear_next()).await?
    }

    async fn hear_next(&mut self) -> io::Result<String> {
        let stream = self.session().await;
        let mut length = [0; 4];
        stream.read_exact(&mut length).await?;
        let mut message = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        stream.read_exact(&mut message).await?;
        Ok(String::from_utf8(message).unwrap())
    }
}

/// What a client says about a server that answers its first bytes with these.
async fn answered_with(websocket: bool, answer: &[u8]) -> ClientError {
    let mut router = FakeRouter::start().await;
    let client = if websocket { router.connect_websocket() } else { router.connect(Login::anonymous()) };
    let stream = router.stream().await;
    let mut request = [0; 2048];
    let _length = stream.read(&mut request).await.unwrap();
    // A client that has seen enough closes the connection before it has read all.
    let _written = stream.write_all(answer).await;
    let _ended = stream.shutdown().await;
    client.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn an_upgrade_that_is_none_says_what_it_is() {
    for (answer, text) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "it answers 200, expected 101 Switching Protocols; it says: hello",
        ),
        ("HTTP/1.1 302 Found\r\nLocation: ws://elsewhere/ws\r\n\r\n", "redirects to \"ws://elsewhere/ws\""),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "Upgrade: none, expected \"websocket\""),
        ("SSH-2.0-OpenSSH_9.9\r\n", "it does not answer in HTTP/1.1"),
        ("\u{7f}\u{0}\u{0}\u{0}", "it does not answer in HTTP/1.1"),
        ("", "it closed the connection without a word"),
    ] {
        let error = answered_with(true, answer.as_bytes()).await;
        assert!(matches!(error, ClientError::Upgrade { .. }), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn a_rawsocket_handshake_that_is_none_says_what_it_is() {
    for (answer, text) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "connect to ws://.."),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "it answers \"SSH-..\""),
        (&[0x7f, 0x40, 0, 0], "it has too many connections"),
        (&[0x7f, 0x10, 0, 0], "it does not support the serializer"),
        (&[0x7f, 0xf3, 0, 0], "answers with serializer 3"),
    ] {
        let error = answered_with(false, answer).await;
        assert!(matches!(error, ClientError::RawSocket { .. }), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    let error = answered_with(false, &[0x7f]).await;
    assert!(matches!(error, ClientError::Broken { .. }), "{error}");
    assert!(
        error.to_string().ends_with("closed it: check the port, and whether RawSocket is spoken there"),
        "{error}"
    );
}

#[tokio::test]
async fn a_message_that_is_longer_than_the_client_takes_names_the_setting_and_both_numbers() {
    let router = FakeRouter::start().await;
    let connecting = Client::connect(format!("rs://{}", router.address())).realm("realm1").max_message(600);
    let mut router = router;
    let client = tokio::spawn(connecting.serializer(Serializer::Json).into_future());
    router.hear().await.unwrap();
    router.say(WELCOME).await;
    let client = client.await.unwrap().unwrap();
    router.stream().await.write_all(&[0, 0, 4, 0]).await.unwrap();
    let SessionEnd::Lost(text) = client.closed().await else { panic!("the router is not to blame") };
    assert_eq!(text, "frame of 1024 bytes exceeds the limit of 600, which `ClientBuilder::max_message` sets");
    assert!(router.hear().await.unwrap().contains("wamp.error.payload_size_exceeded"));
}

#[tokio::test]
async fn frames_against_the_rules_end_the_session_and_say_which() {
    for (frame, why) in [
        (&[0x10, 0, 0, 0][..], "the router broke the protocol"),
        // 16 MiB are announced, and one more.
        (&[8, 0, 0, 1], "2^24 bytes with a further length"),
    ] {
        let mut router = FakeRouter::start().await;
        let client = router.connect(Login::anonymous());
        router.hear().await.unwrap();
        router.say(WELCOME).await;
        let client = client.await.unwrap().unwrap();
        router.stream().await.write_all(frame).await.unwrap();
        let end = client.closed().await;
        assert!(matches!(end, SessionEnd::Violation(_)), "{end:?}");
        let error = client.call::<(), _>("com.p", ()).await.unwrap_err();
        assert!(error.message().unwrap().contains(why), "{error}");
    }
}

/// A frame of a server with a whole text.
pub(crate) fn text_frame(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    match u8::try_from(length) {
        Ok(short @ ..126) => [&[0x81, short], text].concat(),
        _ => [&[0x81, 126], &length.to_be_bytes()[..], text].concat(),
    }
}

/// Answers the request for a WebSocket rightly, and sends these frames in the same breath.
async fn upgrade(stream: &mut TcpStream, extensions: &str, frames: &[u8]) {
    let mut request = vec![0; 2048];
    let length = stream.read(&mut request).await.unwrap();
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let key = request.split("Sec-WebSocket-Key: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let accept = serverwamp_proto::websocket::handshake::accept_key(key);
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: wamp.2.json\r\n{extensions}\r\n"
    );
    stream.write_all(&[head.as_bytes(), frames].concat()).await.unwrap();
}

/// What a client says about a router that answers the upgrade rightly, and sends these frames in the same breath.
async fn upgraded_and_then(frames: &[u8]) -> ClientError {
    let mut router = FakeRouter::start().await;
    let client = router.connect_websocket();
    let stream = router.stream().await;
    upgrade(stream, "", frames).await;
    client.await.unwrap().unwrap_err()
}

#[tokio::test]
async fn frames_that_come_with_the_upgrade_are_heard() {
    let abort = br#"[3,{"message":"not today"},"wamp.close.system_shutdown"]"#;
    let frame = [&[0x81, u8::try_from(abort.len()).unwrap()], &abort[..]].concat();
    let ClientError::Refused(error) = upgraded_and_then(&frame).await else { panic!("it is an ABORT") };
    assert_eq!((error.uri(), error.message()), ("wamp.close.system_shutdown", Some("not today")));
}

#[tokio::test]
async fn a_websocket_against_the_rules_ends_the_attempt_and_says_which() {
    for (frames, why) in [
        (&[0x81, 0x82, 1, 2, 3, 4, 0, 0][..], "frame of a server is masked"),
        (&[0x82, 2, b'[', b']'], "binary message, but the subprotocol uses text messages"),
        (&[0x83, 0], "reserved opcode"),
        (&[0xc1, 1, b'x'], "reserved bit set"),
        (&[0x81, 2, 0xff, 0xff], "UTF-8"),
        (&[0x81, 2, b'[', b']'], "must not be an empty list"),
    ] {
        let error = upgraded_and_then(frames).await;
        assert!(matches!(&error, ClientError::Protocol(text) if text.contains(why)), "{why}: {error}");
    }
    let long = upgraded_and_then(&[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]).await;
    let said = "message of 4294967296 bytes exceeds the limit of 262144; before WELCOME that is 262144, or less if \
                `ClientBuilder::max_message` is";
    assert!(matches!(&long, ClientError::Lost(text) if text == said), "{long}");
    let closed = upgraded_and_then(&[0x88, 2, 0x03, 0xf3]).await;
    assert!(matches!(&closed, ClientError::Lost(text) if text.contains("1011")), "{closed}");
}
