//! The matrix: a test for each carrier on each runtime, and in it every scenario in every subprotocol.

use serverwamp_conformance::{Carrier, Subprotocol};

use crate::memory::Memory;
use crate::place::At;
use crate::place::{Carried, Place, Process, Runtime};
use crate::{calls, events, sessions, sizes};

/// Something that must hold wherever sessions are carried.
type Scenario = fn(At<'_>);

const SCENARIOS: [(&str, Scenario); 18] = [
    ("join, leave and join again on one transport", sessions::leave_and_join_again),
    ("authenticate with a ticket", sessions::authenticate_with_a_ticket),
    ("authenticate with WAMP-CRA", sessions::authenticate_with_cra),
    ("violate the protocol", sessions::violate_the_protocol),
    ("lose the transport", sessions::lose_the_transport),
    ("stay in a realm that changes and stops", sessions::stay_in_a_realm_that_changes_and_stops),
    ("call by position and by keyword", calls::call_by_position_and_by_keyword),
    ("fail", calls::fail),
    ("call with progress", calls::call_with_progress),
    ("cancel a call of the application", calls::cancel_a_call_of_the_application),
    ("cancel a call of a client in every mode", calls::cancel_a_call_of_a_client_in_every_mode),
    ("serve calls of others", calls::serve_calls_of_others),
    ("call many times at once", calls::call_many_times_at_once),
    ("subscribe by every kind of matching", events::subscribe_by_every_kind_of_matching),
    ("unsubscribe", events::unsubscribe),
    ("publish a thousand events", events::publish_a_thousand_events),
    ("send the longest message", sizes::send_the_longest_message),
    ("send a message that is too long", sizes::send_a_message_that_is_too_long),
];

/// Says which scenario failed, and in which subprotocol; the panic itself does not know.
struct Current(&'static str, Subprotocol);

impl Drop for Current {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("this was the scenario \"{}\" in {}", self.0, self.1);
        }
    }
}

fn run(mut place: impl Place) {
    for &subprotocol in place.subprotocols() {
        for (name, scenario) in SCENARIOS {
            let _current = Current(name, subprotocol);
            scenario(At { place: &place, subprotocol });
        }
    }
    sessions::stop_the_server(&mut place);
}

#[test]
fn websocket_on_tokio() {
    run(Carried::start(Carrier::WebSocket, Runtime::Tokio));
}

#[test]
fn websocket_on_smol() {
    run(Carried::start(Carrier::WebSocket, Runtime::Smol));
}

#[test]
fn rawsocket_over_tcp_on_tokio() {
    run(Carried::start(Carrier::RawSocketTcp, Runtime::Tokio));
}

#[test]
fn rawsocket_over_tcp_on_smol() {
    run(Carried::start(Carrier::RawSocketTcp, Runtime::Smol));
}

#[test]
fn rawsocket_over_unix_sockets_on_tokio() {
    run(Carried::start(Carrier::RawSocketUnix, Runtime::Tokio));
}

#[test]
fn rawsocket_over_unix_sockets_on_smol() {
    run(Carried::start(Carrier::RawSocketUnix, Runtime::Smol));
}

/// Checklist SEC-01.
#[test]
fn websocket_over_tls_on_tokio() {
    run(Carried::start(Carrier::WebSocketTls, Runtime::Tokio));
}

#[test]
fn websocket_over_tls_on_smol() {
    run(Carried::start(Carrier::WebSocketTls, Runtime::Smol));
}

/// Checklist SEC-01, RAW-23.
#[test]
fn rawsocket_over_tls_on_tokio() {
    run(Carried::start(Carrier::RawSocketTls, Runtime::Tokio));
}

#[test]
fn rawsocket_over_tls_on_smol() {
    run(Carried::start(Carrier::RawSocketTls, Runtime::Smol));
}

/// Checklist LP-11.
#[test]
fn long_poll_on_tokio() {
    run(Carried::start(Carrier::LongPoll, Runtime::Tokio));
}

#[test]
fn long_poll_on_smol() {
    run(Carried::start(Carrier::LongPoll, Runtime::Smol));
}

#[test]
fn memory_on_tokio() {
    run(Memory::start(Runtime::Tokio));
}

#[test]
fn memory_on_smol() {
    run(Memory::start(Runtime::Smol));
}

#[test]
fn all_carriers_of_one_server_meet_in_a_realm_on_tokio() {
    meet(&Process::start(Runtime::Tokio));
}

#[test]
fn all_carriers_of_one_server_meet_in_a_realm_on_smol() {
    meet(&Process::start(Runtime::Smol));
}

fn meet(process: &Process) {
    let peers = Carrier::ALL.iter().flat_map(|&carrier| {
        carrier.subprotocols().iter().map(move |&subprotocol| process.connect(carrier, subprotocol))
    });
    sessions::meet(peers.collect());
}

/// Checklist LP-10.
#[test]
fn a_client_that_stops_polling_loses_its_session_on_tokio() {
    stay_away(Runtime::Tokio);
}

#[test]
fn a_client_that_stops_polling_loses_its_session_on_smol() {
    stay_away(Runtime::Smol);
}

fn stay_away(runtime: Runtime) {
    let process = Process::start_with(runtime, &["idle_timeout_ms=500"]);
    let absent = Subprotocol::ALL.map(|subprotocol| process.connect(Carrier::LongPoll, subprotocol));
    sessions::stay_away(process.connect(Carrier::WebSocket, Subprotocol::JSON), absent.into_iter());
}
