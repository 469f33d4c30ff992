//! A program that is a client and nothing else: it is built without the feature `server` as well, and what it logs is not left to
//! connections of an application, of which it has none. The one test of this file has the log of its process to itself.
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]

use serde_json::{Value, json};
use serverwamp::client::Client;
use serverwamp::extract::{Args, State};
use serverwamp::{RouteSet, Serializer, WampError};
use std::io::{self, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The router's side of a RawSocket with JSON.
struct Router(TcpStream);

impl Router {
    fn accept(listener: &TcpListener) -> Self {
        let (mut stream, _) = listener.accept().unwrap();
        let mut octets = [0; 4];
        stream.read_exact(&mut octets).unwrap();
        assert_eq!((octets[0], octets[1] & 0x0f), (0x7f, 1), "RawSocket, JSON");
        stream.write_all(&[0x7f, 0xf1, 0, 0]).unwrap();
        Self(stream)
    }

    fn hear(&mut self) -> Value {
        let mut head = [0; 4];
        self.0.read_exact(&mut head).unwrap();
        let mut message = vec![0; u32::from_be_bytes(head).try_into().unwrap()];
        self.0.read_exact(&mut message).unwrap();
        serde_json::from_slice(&message).unwrap()
    }

    fn say(&mut self, message: &Value) {
        let text = message.to_string();
        self.0.write_all(&u32::try_from(text.len()).unwrap().to_be_bytes()).unwrap();
        self.0.write_all(text.as_bytes()).unwrap();
    }

    /// Answers REGISTER and returns its procedure.
    fn registers(&mut self, id: u64) -> Value {
        let register = self.hear();
        assert_eq!(register[0], 64, "{register}");
        self.say(&json!([65, register[1], id]));
        register[3].clone()
    }
}

async fn scale(State(factor): State<i64>, Args((n,)): Args<(i64,)>) -> i64 {
    factor * n
}

async fn fail() -> Result<(), WampError> {
    Err(WampError::new("this is no URI"))
}

#[tokio::test]
async fn a_client_serves_calls_and_logs_what_it_has_to_say_without_an_application() {
    let log = Log::default();
    let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_ansi(false);
    lines.with_writer(log.clone()).init();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let router = thread::spawn(move || {
        let mut router = Router::accept(&listener);
        assert_eq!(router.hear()[1], "realm1");
        router.say(&json!([2, 4711, {"roles": {"broker": {}, "dealer": {}}}]));
        assert_eq!(router.registers(1), "math.scale");
        assert_eq!(router.registers(2), "math.fail");
        router.say(&json!([68, 1, 1, {}, [7]]));
        assert_eq!(router.hear(), json!([70, 1, {}, [21]]));
        router.say(&json!([68, 2, 2, {}]));
        let error = router.hear();
        assert_eq!((&error[0], &error[4]), (&json!(8), &json!("wamp.error.runtime_error")));
        // What follows is the next turn of the client's connection.
        router.say(&json!([68, 3, 1, {}, [1]]));
        assert_eq!(router.hear(), json!([70, 3, {}, [3]]));
        router
    });
    let client = Client::connect(format!("rs://{address}")).realm("realm1").serializer(Serializer::Json);
    let client = client.await.unwrap();
    let routes = RouteSet::new().procedure("math.scale", scale).procedure("math.fail", fail);
    let served = client.serve(routes).with_state(3).await.unwrap();
    // The router has heard all answers.
    let router = tokio::task::spawn_blocking(move || router.join().unwrap()).await.unwrap();
    drop((served, client, router));
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("this is not a URI"), "{log}");
}
