//! Requests to a web server in a thread of this process, on both runtimes, with TLS and without.

use super::*;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A web server that answers each request with what `answer` makes of it, and counts the requests.
pub(crate) struct WebServer {
    pub(crate) port: u16,
    pub(crate) requests: Arc<AtomicUsize>,
}

impl WebServer {
    pub(crate) fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::serve(None, answer)
    }

    fn serve(
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (tls, answer, counter) = (tls.clone(), Arc::clone(&answer), Arc::clone(&counter));
                thread::spawn(move || {
                    let stream = stream.unwrap();
                    let done = match tls {
                        None => respond(stream, &*answer, &counter),
                        Some(tls) => respond(
                            StreamOwned::new(ServerConnection::new(tls).unwrap(), stream),
                            &*answer,
                            &counter,
                        ),
                    };
                    // A client may leave whenever it likes.
                    drop(done);
                });
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// An answer with status 200.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn respond(
    mut stream: impl std::io::Read + std::io::Write,
    answer: &dyn Fn(&str) -> String,
    counter: &AtomicUsize,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk)?;
        request.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                break;
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
    counter.fetch_add(1, Ordering::SeqCst);
    stream.write_all(answer(&String::from_utf8_lossy(&request)).as_bytes())?;
    stream.flush()
}

fn ask(url: &str, settings: &FetchSettings) -> Result<String, String> {
    let runtime: Arc<dyn Runtime> = Arc::new(crate::rt::Tokio);
    let asked = async {
        let address = WebAddress::parse(url, settings).map_err(|error| error.to_string())?;
        let fetcher = Fetcher::new(settings, 1000).map_err(|error| error.to_string())?;
        fetcher.request(&runtime, &address, Method::POST, Bytes::from_static(b"{\"a\": 1}")).await
    };
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio.block_on(asked).map(|body| String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn a_request_is_answered() {
    let server = WebServer::start(ok);
    let echoed = ask(&server.url("/a?b=c"), &FetchSettings::default()).unwrap();
    for part in ["POST /a?b=c HTTP/1.1", "application/json", "{\"a\": 1}", "host: 127.0.0.1:"] {
        assert!(echoed.contains(part), "{part}: {echoed}");
    }
}

#[cfg(feature = "smol")]
#[test]
fn it_runs_on_smol_as_well() {
    let server = WebServer::start(|_| ok("there"));
    let runtime: Arc<dyn Runtime> = Arc::new(crate::rt::Smol);
    let settings = FetchSettings::default();
    let address = WebAddress::parse(&server.url("/"), &settings).unwrap();
    let fetcher = Fetcher::new(&settings, 1000).unwrap();
    let body = smol::block_on(fetcher.request(&runtime, &address, Method::GET, Bytes::new()));
    assert_eq!(body.unwrap(), "there");
}

#[test]
fn anything_but_a_short_answer_with_status_200_is_a_failure() {
    for (answer, part) in [
        (
            "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "redirects are not followed",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), "expected 200"),
        ("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n".to_owned(), "500"),
        (ok(&"x".repeat(1001)), "broke off"),
        (
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
                "x".repeat(1001)
            ),
            "broke off",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort".to_owned(), "broke off"),
        // Interim answers and header fields without end.
        ("HTTP/1.1 100 Continue\r\n\r\n".repeat(4000) + &ok("late"), "sends too much"),
        (format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000)), "sends too much"),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "127.0.0.1"),
        (String::new(), "127.0.0.1"),
    ] {
        let server = WebServer::start(move |_| answer.clone());
        let problem = ask(&server.url("/"), &FetchSettings::default()).unwrap_err();
        assert!(problem.contains(part), "{part}: {problem}");
    }
}

#[test]
fn an_answer_of_the_longest_length_with_much_around_it_is_read() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(500);
    let server = WebServer::start(move |_| interim.clone() + &ok(&"x".repeat(1000)));
    assert_eq!(ask(&server.url("/"), &FetchSettings::default()).unwrap().len(), 1000);
}

#[test]
fn a_server_that_does_not_answer_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let settings = FetchSettings::default().timeout(Duration::from_millis(50));
    assert!(ask(&url, &settings).unwrap_err().contains("no answer within 50ms"));
    drop(listener);
    assert!(ask(&url, &settings).unwrap_err().contains("no connection"));
}

fn file(name: &str, contents: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("serverwamp-fetch-{}-{name}", std::process::id()));
    std::fs::write(&path, contents).unwrap();
    path
}

#[test]
fn a_server_with_a_certificate_of_a_trusted_authority_is_asked_and_no_other() {
    let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = authority.cert.pem();
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(authority.signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let tls = Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let server = WebServer::serve(Some(tls), |_| ok("secret"));
    let url = format!("https://localhost:{}/", server.port);

    let trusting = FetchSettings::default().authorities(file("trusted.pem", &pem));
    assert_eq!(ask(&url, &trusting).unwrap(), "secret");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let distrusting = FetchSettings::default().authorities(file("other.pem", &other.cert.pem()));
    for settings in [distrusting, FetchSettings::default()] {
        let problem = ask(&url, &settings).unwrap_err();
        assert!(problem.contains("TLS"), "{problem}");
    }
    let elsewhere = format!("https://127.0.0.1:{}/", server.port);
    assert!(ask(&elsewhere, &trusting).unwrap_err().contains("TLS"));
    assert_eq!(server.requests(), 1);
}

#[test]
fn authorities_that_cannot_be_used_are_named() {
    for (name, contents, part) in [
        ("empty.pem", "", "no certificate"),
        ("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n", "damaged"),
        ("rubbish.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be used"),
    ] {
        let path = file(name, contents);
        let settings = FetchSettings::default().authorities(&path);
        let error = Fetcher::new(&settings, 1).unwrap_err();
        assert_eq!(error.subject(), path.display().to_string());
        assert!(error.to_string().contains(part), "{error}");
    }
    let settings = FetchSettings::default().authorities("/nowhere/ca.pem");
    assert!(Fetcher::new(&settings, 1).unwrap_err().to_string().contains("/nowhere/ca.pem cannot be used"));
}
