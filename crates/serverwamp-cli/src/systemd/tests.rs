//! A service manager that asks and listens as systemd does.

use super::*;
use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// The socket of a service manager, and its name in the environment.
fn manager(is_abstract: bool) -> (UnixDatagram, OsString) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("serverwamp-notify-{}-{number}", std::process::id());
    let (socket, name) = if is_abstract {
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        (UnixDatagram::bind_addr(&address).unwrap(), format!("@{name}").into())
    } else {
        let path = std::env::temp_dir().join(name);
        (UnixDatagram::bind(&path).unwrap(), path.into_os_string())
    };
    socket.set_read_timeout(Some(SOON)).unwrap();
    (socket, name)
}

fn heard(socket: &UnixDatagram) -> String {
    let mut message = [0; 4096];
    let length = socket.recv(&mut message).expect("a message");
    String::from_utf8(message[..length].to_vec()).unwrap()
}

#[test]
fn each_state_is_told_over_files_and_abstract_sockets() {
    for is_abstract in [false, true] {
        let (socket, name) = manager(is_abstract);
        let manager = ServiceManager::at(&name).unwrap();
        manager.ready("serving\nREADY=0");
        let ours = std::process::id();
        assert_eq!(heard(&socket), format!("READY=1\nMAINPID={ours}\nSTATUS=serving READY=0\n"));
        manager.reloading();
        let reloading = heard(&socket);
        let since_start = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").expect(&reloading);
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        let told = since_start.lines().next().unwrap().parse::<f64>().unwrap() / 1e6;
        // Both begin when the machine starts; only one goes on while it sleeps.
        assert!(told > 0.0 && told <= uptime + 1.0, "{told} of {uptime}");
        manager.stopping("stopping", Duration::from_secs(20));
        assert_eq!(heard(&socket), "STOPPING=1\nEXTEND_TIMEOUT_USEC=20000000\nSTATUS=stopping\n");
        if !is_abstract {
            std::fs::remove_file(name).unwrap();
        }
    }
}

#[test]
fn a_manager_that_does_not_listen_stops_nobody() {
    let (socket, name) = manager(true);
    let manager = ServiceManager::at(&name).unwrap();
    // Its queue is full after some messages; then each waits for a moment, and no longer.
    socket.set_nonblocking(true).unwrap();
    for _ in 0..3 {
        manager.ready("");
    }
    drop(socket);
    manager.ready("");
    assert!(ServiceManager::at("vsock:2:1".as_ref()).is_err());
}

#[test]
fn the_watchdog_is_told_only_while_the_runtime_makes_progress() {
    let (socket, name) = manager(true);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let within = Duration::from_millis(100);
    let manager = ServiceManager::at(&name).unwrap();
    let watchdog = Watchdog::start(manager, runtime.handle().clone(), within, || ());
    for _ in 0..5 {
        assert_eq!(heard(&socket), "WATCHDOG=1\n");
    }
    // Every thread of the runtime computes for ever.
    let (release, stuck): (Vec<_>, Vec<_>) = (0..2).map(|_| channel::<()>()).unzip();
    let (begun, begins) = channel();
    for stuck in stuck {
        let begun = begun.clone();
        runtime.spawn(async move {
            begun.send(()).unwrap();
            let _released = stuck.recv();
        });
    }
    for _ in 0..2 {
        begins.recv_timeout(SOON).unwrap();
    }
    // One message may be under way, of a probe that was answered before.
    socket.set_read_timeout(Some(10 * within)).unwrap();
    let mut message = [0; 64];
    let still = (0..).take_while(|_| socket.recv(&mut message).is_ok()).count();
    assert!(still <= 1, "{still} messages for a server that stands still");
    drop(release);
    socket.set_read_timeout(Some(SOON)).unwrap();
    assert_eq!(heard(&socket), "WATCHDOG=1\n", "it is told again when they go on");
    drop(watchdog);
    socket.set_read_timeout(Some(5 * within)).unwrap();
    let last = (0..).take_while(|_| socket.recv(&mut message).is_ok()).count();
    assert!(last <= 1, "nothing is told after its end");
}

#[test]
fn the_watchdog_of_another_process_is_not_ours() {
    let wanted = |within: &str, pid: Option<&str>| {
        watchdog::wanted(Some(within.to_owned()), pid.map(str::to_owned), 7)
    };
    assert_eq!(wanted("30000000", Some("7")), Ok(Some(Duration::from_secs(30))));
    assert_eq!(wanted("30000000", None), Ok(Some(Duration::from_secs(30))));
    assert_eq!(wanted("30000000", Some("8")), Ok(None));
    assert_eq!(wanted("", None), Ok(None));
    for (within, pid) in [("0", None), ("-1", None), ("soon", None), ("1", Some("x"))] {
        wanted(within, pid).unwrap_err();
    }
}

#[test]
fn passed_sockets_have_their_names() {
    let names = |count: Option<&str>, pid: Option<&str>, names: Option<&str>| {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        sockets::names_of(owned(count), owned(pid), owned(names), 7)
    };
    let none = Ok(Vec::new());
    assert_eq!(
        names(Some("2"), Some("7"), Some("web:rawsocket")),
        Ok(vec!["web".into(), "rawsocket".into()])
    );
    assert_eq!(names(Some("2"), Some("7"), None), Ok(vec!["unknown".into(), "unknown".into()]));
    assert_eq!(names(Some("0"), Some("7"), Some("")), none);
    assert_eq!(names(None, Some("7"), None), none);
    assert_eq!(names(Some("2"), Some("8"), Some("a:b")), none, "they are for another process");
    assert_eq!(names(Some("2"), None, None), none);
    for wrong in ["-1", "two", "4294967295", "513"] {
        assert!(names(Some(wrong), Some("7"), None).unwrap_err().contains("from 0 to 512"), "{wrong}");
    }
    let uneven = names(Some("2"), Some("7"), Some("a:b:c")).unwrap_err();
    assert_eq!(uneven, "LISTEN_FDNAMES has 3 names for LISTEN_FDS=2");
}
