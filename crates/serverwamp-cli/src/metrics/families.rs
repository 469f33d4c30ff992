//! Every metric: its name, its type, its labels, its text, and where its numbers come from.

use super::encode::Samples;
use super::health::Health;
use super::process::ProcessStatistics;
use serverwamp::{Application, RealmStatistics, Refusal, Statistics, UriStatistics};

/// All numbers at one time.
#[derive(Debug)]
pub(super) struct Snapshot {
    application: Statistics,
    realms: Vec<RealmStatistics>,
    process: ProcessStatistics,
    health: Health,
}

impl Snapshot {
    /// Asks everybody. This takes a while where there are many sessions, and is not for a thread that serves connections.
    pub(super) fn take(app: &Application, health: &Health) -> Self {
        let mut realms = app.statistics_by_realm();
        // Series that nobody needs: most programs have less realms than are counted on their own, and no strangers.
        realms.retain(|one| !matches!(&*one.realm, "" | RealmStatistics::OTHERS) || was_used(one));
        let (application, process) = (app.statistics(), ProcessStatistics::read());
        Self { application, realms, process, health: health.clone() }
    }
}

fn was_used(realm: &RealmStatistics) -> bool {
    let joins = realm.joins().map(|(_, count)| count);
    realm.sessions > 0 || joins.chain(realm.messages().map(|(_, _, count)| count)).any(|count| count > 0)
}

/// What a metric is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

impl Kind {
    /// How names of these metrics end.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Counter => "_total",
            Self::Info => "_info",
            Self::Gauge | Self::Histogram => "",
        }
    }
}

/// A metric with all its time series.
pub(super) struct Family {
    /// The name as queries have it.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
    pub(super) read: fn(&Snapshot, &mut Samples<'_>),
}

impl Family {
    /// The name without the ending that encoders add.
    pub(super) fn stem(&self) -> &'static str {
        self.name.strip_suffix(self.kind.suffix()).unwrap_or(self.name)
    }
}

const fn family(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    help: &'static str,
    read: fn(&Snapshot, &mut Samples<'_>),
) -> Family {
    Family { name, kind, labels, help, read }
}

/// All of them.
#[rustfmt::skip]
pub(super) static FAMILIES: &[Family] = &[
    family("wamp_sessions", Kind::Gauge, &["realm"], "Open sessions.",
        |all, out| of_realms(all, |realm| out.count([&realm.realm], realm.sessions as u64))),
    family("wamp_session_joins_total", Kind::Counter, &["realm", "result"], "HELLOs by what became of them.",
        |all, out| of_realms(all, |realm| realm.joins().for_each(|(result, count)| out.count([&realm.realm, result], count)))),
    family("wamp_messages_total", Kind::Counter, &["realm", "type", "direction"],
        "Messages by type, and whether the router received or sent them; a sent message counts when it is queued.",
        |all, out| of_realms(all, |realm| realm.messages()
            .for_each(|(direction, name, count)| out.count([&realm.realm, name, direction.name()], count)))),
    family("wamp_bytes_total", Kind::Counter, &["realm", "direction"],
        "Bytes of connections, with the frames of their transport, compressed as they are, without TLS.",
        |all, out| of_realms(all, |realm| {
            out.count([&realm.realm, "received"], realm.received_bytes);
            out.count([&realm.realm, "sent"], realm.sent_bytes);
        })),
    family("wamp_calls_total", Kind::Counter, &["realm", "outcome"], "Calls of sessions that were answered, by their outcome.",
        |all, out| of_realms(all, |realm| realm.calls().for_each(|(outcome, count)| out.count([&realm.realm, outcome], count)))),
    family("wamp_call_duration_seconds", Kind::Histogram, &["realm"],
        "Time from the receipt of CALL to its answer. One call in 61 of each session is timed, so the count is not that of the calls.",
        |all, out| of_realms(all, |realm| out.histogram([&realm.realm], &realm.call_durations))),
    family("wamp_events_delivered_total", Kind::Counter, &["realm"], "Events that were queued for sessions.",
        |all, out| of_realms(all, |realm| out.count([&realm.realm], realm.events_delivered()))),
    family("wamp_events_dropped_total", Kind::Counter, &["realm", "reason"],
        "Events that a session did not receive; where the oldest give way, these had been delivered to its queue before.",
        |all, out| of_realms(all, |realm| realm.events_dropped()
            .for_each(|(reason, count)| out.count([&realm.realm, reason], count)))),
    family("wamp_send_queue_bytes", Kind::Gauge, &["realm"], "Bytes that wait to be written to sessions.",
        |all, out| of_realms(all, |realm| out.count([&realm.realm], realm.send_queue_bytes as u64))),
    family("wamp_slow_sessions", Kind::Gauge, &["realm"], "Sessions that read less than they have to of what waits for them.",
        |all, out| of_realms(all, |realm| out.count([&realm.realm], realm.slow_sessions as u64))),
    family("wamp_registrations", Kind::Gauge, &["realm"], "Registered procedures and patterns.",
        |all, out| of_realms(all, |realm| out.count([&realm.realm], realm.registrations as u64))),
    family("wamp_subscriptions", Kind::Gauge, &["realm"], "Topics and patterns that have subscribers, or a history.",
        |all, out| of_realms(all, |realm| out.count([&realm.realm], realm.subscriptions as u64))),
    family("wamp_auth_total", Kind::Counter, &["realm", "method", "result"], "Attempts to authenticate by their method and result.",
        |all, out| of_realms(all, |realm| realm.logins()
            .for_each(|(method, result, count)| out.count([&realm.realm, method, result], count)))),
    family("wamp_uri_calls_total", Kind::Counter, &["realm", "uri", "outcome"],
        "Answered calls of the registrations that the configuration names in uri_labels.",
        |all, out| of_uris(all, |realm, uri| {
            out.count([realm, &uri.uri, "result"], uri.results);
            out.count([realm, &uri.uri, "error"], uri.errors);
        })),
    family("wamp_uri_call_duration_seconds", Kind::Histogram, &["realm", "uri"],
        "The same as wamp_call_duration_seconds for the registrations that the configuration names in uri_labels.",
        |all, out| of_uris(all, |realm, uri| out.histogram([realm, &uri.uri], &uri.call_durations))),
    family("wamp_uri_events_delivered_total", Kind::Counter, &["realm", "uri"],
        "Events that were queued for the subscribers of what the configuration names in uri_labels.",
        |all, out| of_uris(all, |realm, uri| out.count([realm, &uri.uri], uri.events_delivered))),
    family("wamp_connections", Kind::Gauge, &[], "Open connections.",
        |all, out| out.count([], all.application.connections as u64)),
    family("wamp_connections_accepted_total", Kind::Counter, &[], "Connections that were accepted.",
        |all, out| out.count([], all.application.connections_accepted)),
    family("wamp_calls_in_flight", Kind::Gauge, &[], "Calls that wait for their answer; one that is answered at once never does.",
        |all, out| out.count([], all.application.calls_in_flight as u64)),
    family("wamp_borrowed_bytes", Kind::Gauge, &[], "Bytes that send queues have borrowed beyond their own limits.",
        |all, out| out.count([], all.application.borrowed_bytes as u64)),
    family("wamp_authorizers_asked_total", Kind::Counter, &[], "Questions to dynamic authorizers.",
        |all, out| out.count([], all.application.authorizers_asked)),
    family("wamp_decisions_reused_total", Kind::Counter, &[], "Requests for which the kept decision of an authorizer was used.",
        |all, out| out.count([], all.application.decisions_reused)),
    family("wamp_refused_total", Kind::Counter, &["reason"], "What was refused or ended by force, by the name of the reason.",
        |all, out| Refusal::ALL.iter().for_each(|one| out.count([one.name()], all.application.refused(*one)))),
    family("wamp_ready", Kind::Gauge, &[], "1 while /readyz says that the router is ready.",
        |all, out| out.count([], u64::from(all.health.readiness().ready))),
    family("config_last_reload_successful", Kind::Gauge, &[], "1 if the configuration was applied when it was read last.",
        |all, out| out.count([], u64::from(all.health.readiness().last_reload_successful))),
    family("config_last_reload_success_timestamp_seconds", Kind::Gauge, &[], "When a configuration was applied last, in seconds since 1970.",
        |all, out| out.number([], all.health.reload_succeeded_at())),
    family("config_reloads_total", Kind::Counter, &["result"], "Reloads of the configuration since the start.",
        |all, out| {
            let (reloads, failed) = all.health.reloads();
            out.count(["success"], reloads - failed);
            out.count(["failure"], failed);
        }),
    family("serverwamp_build_info", Kind::Info, &["version", "os", "arch"], "The version of the program.",
        |_, out| out.info([env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH])),
    family("process_cpu_seconds_total", Kind::Counter, &[], "Processor time of the process, user and system.",
        |all, out| all.process.cpu_seconds.into_iter().for_each(|seconds| out.number([], seconds))),
    family("process_resident_memory_bytes", Kind::Gauge, &[], "Resident memory of the process.",
        |all, out| all.process.resident_bytes.into_iter().for_each(|bytes| out.count([], bytes))),
    family("process_virtual_memory_bytes", Kind::Gauge, &[], "Virtual memory of the process.",
        |all, out| all.process.virtual_bytes.into_iter().for_each(|bytes| out.count([], bytes))),
    family("process_threads", Kind::Gauge, &[], "Threads of the process.",
        |all, out| all.process.threads.into_iter().for_each(|threads| out.count([], threads))),
    family("process_open_fds", Kind::Gauge, &[], "Open files and sockets.",
        |all, out| all.process.open_files.into_iter().for_each(|files| out.count([], files))),
    family("process_max_fds", Kind::Gauge, &[], "The limit of open files and sockets.",
        |all, out| all.process.most_files.into_iter().for_each(|files| out.count([], files))),
    family("process_start_time_seconds", Kind::Gauge, &[], "When the process started, in seconds since 1970.",
        |all, out| all.process.started_at.into_iter().for_each(|at| out.number([], at))),
];

fn of_realms(all: &Snapshot, write: impl FnMut(&RealmStatistics)) {
    all.realms.iter().for_each(write);
}

fn of_uris(all: &Snapshot, mut write: impl FnMut(&str, &UriStatistics)) {
    of_realms(all, |realm| realm.uris.iter().for_each(|uri| write(&realm.realm, uri)));
}
