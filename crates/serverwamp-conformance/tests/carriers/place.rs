//! The addresses of a server, and the ways to stop it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use serverwamp::client::{Client, ClientBuilder, ClientTls};
use serverwamp_conformance::carrier::HOST;
use serverwamp_conformance::transcript::all_features;
use serverwamp_conformance::{
    Authority, Carrier, DEADLINE, Places, RawPeer, ServerProcess, Signal, Subprotocol, binary,
};

/// The longest message a server takes in these tests: two to the 16 bytes, which RawSocket's handshake can say.
pub(crate) const LONGEST: usize = 1 << 16;

/// The runtime of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Runtime {
    Tokio,
    Smol,
}

/// A server, and one way to it.
pub(crate) trait Place {
    /// The subprotocols of this carrier.
    fn subprotocols(&self) -> &'static [Subprotocol];

    /// A connection on which nothing has been said yet.
    fn connect(&self, subprotocol: Subprotocol) -> RawPeer;

    /// Tells the server to stop, without waiting.
    fn stop(&mut self);

    /// Requires that the server has stopped in good order.
    fn expect_stopped(&mut self);

    /// Returns whether a message that is too long is refused before its session sees it.
    fn refuses_long_messages(&self) -> bool {
        false
    }
}

/// A server and the subprotocol that is spoken with it, for every scenario.
#[derive(Clone, Copy)]
pub(crate) struct At<'p> {
    pub(crate) place: &'p dyn Place,
    pub(crate) subprotocol: Subprotocol,
}

impl At<'_> {
    /// A connection on which nothing has been said yet.
    #[track_caller]
    pub(crate) fn connect(self) -> RawPeer {
        self.place.connect(self.subprotocol)
    }

    /// A session in `realm`, with every role and feature.
    #[track_caller]
    pub(crate) fn join(self, realm: &str) -> RawPeer {
        self.join_as(realm).0
    }

    /// The same, with its id.
    #[track_caller]
    pub(crate) fn join_as(self, realm: &str) -> (RawPeer, u64) {
        let mut peer = self.connect();
        let welcome = peer.hello(realm, json!({ "roles": all_features() }));
        let id = peer.welcomed(&welcome);
        (peer, id)
    }
}

/// A server process that listens in every way.
pub(crate) struct Process {
    server: ServerProcess,
    places: Places,
    /// The authority of its certificate.
    trusted: PathBuf,
}

impl Process {
    #[track_caller]
    pub(crate) fn start(runtime: Runtime) -> Self {
        Self::start_with(runtime, &[])
    }

    #[track_caller]
    pub(crate) fn start_with(runtime: Runtime, arguments: &[&str]) -> Self {
        static STARTED: AtomicUsize = AtomicUsize::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let name = format!("serverwamp-carriers-{}-{number}", std::process::id());
        let unix: PathBuf = std::env::temp_dir().join(name);
        // A process of this number may have left its socket behind.
        drop(std::fs::remove_file(&unix));
        let unix = unix.to_str().expect("a path of ASCII").to_owned();
        let runtime = match runtime {
            Runtime::Tokio => "runtime=tokio",
            Runtime::Smol => "runtime=smol",
        };
        let authority = Authority::new("the authority of the carriers");
        let certificates = Path::new(&unix).with_extension("certificates");
        let (certificate, key) = authority.issue(&[HOST]).write(&certificates).expect("files");
        let (at_unix, longest) = (format!("unix={unix}"), format!("max_message={LONGEST}"));
        let trusted = certificates.join("authority.pem");
        std::fs::write(&trusted, authority.certificate()).expect("a file");
        let tls = format!("tls={},{}", certificate.display(), key.display());
        let arguments = [&[runtime, &at_unix, &longest, &tls], arguments].concat();
        let server = ServerProcess::start(&binary::fixture(), &arguments, &[]);
        let tls = Some((server.tls_address().expect("a port with TLS"), authority.client()));
        let places = Places { unix, tls, ..Places::at(server.url()) };
        Self { server, places, trusted }
    }

    /// Our client on its way here by `carrier`.
    #[track_caller]
    pub(crate) fn client(&self, carrier: Carrier) -> ClientBuilder {
        let url = &self.places.url;
        let address = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).expect("an address");
        let secured = self.places.tls.as_ref().map(|(address, _)| address).expect("a port with TLS");
        let address = match carrier {
            Carrier::WebSocket => url.clone(),
            Carrier::WebSocketTls => format!("wss://{secured}/ws"),
            Carrier::RawSocketTcp => format!("rs://{address}"),
            Carrier::RawSocketTls => format!("rss://{secured}"),
            Carrier::RawSocketUnix => format!("unix://{}", self.places.unix),
            Carrier::LongPoll => format!("http://{address}{}", self.places.long_poll),
        };
        let client = Client::connect(address);
        match carrier {
            Carrier::WebSocketTls | Carrier::RawSocketTls => {
                client.tls(ClientTls::new().authorities(&self.trusted).server_name(HOST))
            }
            _ => client,
        }
    }

    /// A connection by `carrier`.
    #[track_caller]
    pub(crate) fn connect(&self, carrier: Carrier, subprotocol: Subprotocol) -> RawPeer {
        carrier.connect(&self.places, subprotocol)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.places.unix));
        drop(std::fs::remove_dir_all(Path::new(&self.places.unix).with_extension("certificates")));
    }
}

/// A server process reached by one carrier.
pub(crate) struct Carried {
    process: Process,
    carrier: Carrier,
}

impl Carried {
    #[track_caller]
    pub(crate) fn start(carrier: Carrier, runtime: Runtime) -> Self {
        Self { process: Process::start(runtime), carrier }
    }
}

impl Place for Carried {
    fn subprotocols(&self) -> &'static [Subprotocol] {
        self.carrier.subprotocols()
    }

    fn connect(&self, subprotocol: Subprotocol) -> RawPeer {
        self.process.connect(self.carrier, subprotocol)
    }

    fn stop(&mut self) {
        self.process.server.signal(Signal::Terminate);
    }

    fn refuses_long_messages(&self) -> bool {
        // It has an answer to each message, and a status for this.
        self.carrier == Carrier::LongPoll
    }

    fn expect_stopped(&mut self) {
        assert_eq!(self.process.server.wait_exit(2 * DEADLINE).code(), Some(0));
        self.process.server.wait_for_log("stopped", Duration::from_secs(1));
    }
}
