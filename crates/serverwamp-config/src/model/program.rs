//! What concerns the program itself: metrics, log, control socket, reload, shutdown.

use crate::reading::At;
use crate::section::section;
use crate::values::{FilePath, Mode, Named, Positive, Time, UriPattern, choice};
use std::time::Duration;

choice! {
    /// How lines of the log look.
    pub enum LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object in each line.
        Json = "json",
    }

    /// The lowest level that is written.
    pub enum Level {
        /// Nothing.
        Off = "off",
        /// What fails, and what an operator has to mend.
        Error = "error",
        /// What was refused, and what may become a fault.
        Warn = "warn",
        /// What the server does.
        Info = "info",
        /// What peers do.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

section! {
    /// The metrics for Prometheus. A listener with `serve = ["metrics"]` serves them at `/metrics`.
    pub struct Metrics: "metrics" {
        /// The URIs that get series of their own, of what is registered and subscribed to. None by default, because each is a further
        /// series wherever the numbers are kept.
        restart uri_labels: Vec<At<UriPattern>> = Vec::new();
        /// The number of URIs of each realm that get series of their own, in the order in which they come; all further ones have one
        /// series in common.
        restart most_uris: Positive = serverwamp::Metrics::default().most_uris.into();
        /// The number of realms that get series of their own, in the order in which they come; all further ones have one series in
        /// common.
        restart most_realms: Positive = serverwamp::Metrics::default().most_realms.into();
    }

    /// What is written to standard error.
    pub struct Log: "log" {
        /// How lines look.
        live format: LogFormat = LogFormat::Text;
        /// The lowest level that is written.
        live level: Level = Level::Info;
        /// The lowest level of single parts of the program, by name: `{ "serverwamp::auth" = "debug" }`.
        live targets: Named<Level> = Named::none();
    }

    /// The socket through which `serverwamp reload` reaches the running program.
    pub struct Control: "control" {
        /// The path of the Unix socket.
        restart socket: FilePath;
        /// Its mode: who may write to it may reload the program.
        restart mode: Mode = Mode::new("0600");
    }

    /// When the file is read again without being asked.
    pub struct ReloadSettings: "reload" {
        /// How often it is looked whether the file has changed, or one of users, keys or secrets that its realms name; certificates are
        /// looked at in any case. Never by default, because a file that is being edited is not meant yet.
        live watch: Option<Time> = None;
    }

    /// How the program ends.
    pub struct Shutdown: "shutdown" {
        /// The time between the first signal, from which on `/readyz` says no, and the end of listening, so that a load balancer
        /// notices. Without a load balancer it is of no use.
        restart ready_before: Time = Duration::ZERO.into();
        /// The time for sessions and their calls to end.
        restart drain: Time = Duration::from_secs(10).into();
        /// Whether clients are told to come back (`wamp.close.system_shutdown` otherwise tells some to stay away).
        restart restarts: bool = true;
    }
}
