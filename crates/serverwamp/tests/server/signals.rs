//! Signals, in processes of their own: this program starts itself again with one test, which serves.

use super::client::Peer;
use rustix::process::{Pid, Signal, kill_process};
use serverwamp::rt::{Smol, Tokio};
use serverwamp::{Application, Realm, RouteSet, Server};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

/// Which runtime the server of [`serves_until_it_is_told_to_stop`] runs on.
const RUNTIME: &str = "SERVERWAMP_TEST_RUNTIME";

/// Before the address, on a line of the server's output.
const LISTENS: &str = "listens at ";

/// The test that other tests start in a process of its own; alone it does nothing.
#[test]
fn serves_until_it_is_told_to_stop() {
    let Ok(runtime) = std::env::var(RUNTIME) else { return };
    let routes = RouteSet::new().procedure("com.never", || async { std::future::pending::<()>().await });
    let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes);
    let builder = Application::builder().realm(realm);
    let serve = async |app: Application| {
        let server = Server::new(app).bind("127.0.0.1:0").await.unwrap();
        println!("\n{LISTENS}{}", server.local_addr());
        server.run().await.unwrap();
    };
    match &*runtime {
        "smol" => smol::block_on(serve(builder.runtime(Smol).build().unwrap())),
        _ => {
            let app = builder.runtime(Tokio).build().unwrap();
            tokio::runtime::Runtime::new().unwrap().block_on(serve(app));
        }
    }
}

struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(runtime: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "signals::serves_until_it_is_told_to_stop", "--nocapture"]);
        let mut child = command.env(RUNTIME, runtime).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let address = lines.find_map(|line| line.strip_prefix(LISTENS)?.parse().ok());
        // What else it writes has to be read by somebody.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("it says where it listens") }
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    fn end(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended, unless a test failed.
        let _ended = self.child.kill();
    }
}

fn stops_at(runtime: &str, signal: Signal) {
    let process = Process::start(runtime);
    let mut peer = Peer::join(process.address);
    process.signal(signal);
    let goodbye = peer.hear().unwrap();
    assert!(goodbye.starts_with("[6,") && goodbye.contains("wamp.close.system_shutdown"), "{goodbye}");
    peer.say(r#"[6,{},"wamp.close.goodbye_and_out"]"#);
    let status = process.end();
    assert!(status.success(), "{runtime}: {status}");
}

fn the_second_ends(runtime: &str, signal: Signal) {
    let process = Process::start(runtime);
    let mut peer = Peer::join(process.address);
    // It would be waited for, for half a minute.
    peer.say(r#"[48,1,{},"com.never"]"#);
    peer.say(r#"[48,2,{},"com.missing"]"#);
    assert!(peer.hear().unwrap().starts_with("[8,48,2,"));
    process.signal(signal);
    // Whoever comes now is refused: the first signal has been heard.
    while std::net::TcpStream::connect(process.address).is_ok() {
        std::thread::yield_now();
    }
    process.signal(signal);
    let status = process.end();
    assert_eq!(status.signal(), Some(signal.as_raw()), "{runtime}: {status}");
}

#[test]
fn a_server_stops_in_good_order_at_sigterm_and_sigint_on_tokio() {
    stops_at("tokio", Signal::TERM);
    stops_at("tokio", Signal::INT);
}

#[test]
fn a_server_stops_in_good_order_at_sigterm_and_sigint_on_smol() {
    stops_at("smol", Signal::TERM);
    stops_at("smol", Signal::INT);
}

#[test]
fn the_second_signal_ends_the_process_at_once() {
    the_second_ends("tokio", Signal::INT);
    the_second_ends("smol", Signal::TERM);
}
