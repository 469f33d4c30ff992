//! Options and commands of similar programs, and their names here.

/// Behind `dev`, or alone.
const OF_SERVERS: [(&str, &str); 19] = [
    ("--port", "the port is part of the address: --listen 127.0.0.1:PORT"),
    ("-p", "the port is part of the address: --listen 127.0.0.1:PORT"),
    ("--bind", "write --listen ADDR:PORT"),
    ("-b", "write --listen ADDR:PORT"),
    ("--address", "write --listen ADDR:PORT"),
    ("--addr", "write --listen ADDR:PORT"),
    ("--socket", "write --unix PATH"),
    ("--tls", "write --tls-certificates FILE --tls-key FILE"),
    ("-c", "write serverwamp serve -c FILE"),
    ("--config", "write serverwamp serve -c FILE"),
    ("start", "write serverwamp dev"),
    ("server", "write serverwamp dev"),
    ("run", "write serverwamp dev"),
    ("version", "write serverwamp --version"),
    ("pub", "write serverwamp publish"),
    // Behind `help`, where a command is expected.
    ("--version", "write serverwamp --version"),
    ("--help", "write serverwamp help or serverwamp dev --help"),
    ("-h", "write serverwamp help or serverwamp dev --help"),
    // Behind `dev`.
    ("help", "write serverwamp dev --help"),
];

const ONE_ADDRESS: &str = "host, port and path are one address: --url ws://HOST:PORT/ws";
const BEHIND_THE_URI: &str = "arguments stand behind the URI, without an option";
const KEYWORDS: &str = "write name=value behind the URI";

/// Where secrets come from.
pub(super) const OF_SECRETS: &str = "secrets are read from --secret-file, --ticket-file or --key, from WAMP_SECRET or WAMP_TICKET, or \
     asked for, because every user of the machine can read command lines";

/// Behind the commands that are clients.
const OF_CLIENTS: [(&str, &str); 20] = [
    ("--router", "write --url URL"),
    ("--server", "write --url URL"),
    ("--address", "write --url URL"),
    ("-w", "write --url URL"),
    ("--host", ONE_ADDRESS),
    ("--port", ONE_ADDRESS),
    ("-p", ONE_ADDRESS),
    ("-r", "write --realm REALM"),
    ("-a", BEHIND_THE_URI),
    ("--arg", BEHIND_THE_URI),
    ("--args", BEHIND_THE_URI),
    ("-k", KEYWORDS),
    ("--kwargs", KEYWORDS),
    ("-u", "write --authid NAME"),
    ("--user", "write --authid NAME"),
    ("--username", "write --authid NAME"),
    ("--password", OF_SECRETS),
    ("--secret", OF_SECRETS),
    ("--token", OF_SECRETS),
    ("--json", "write -o json"),
];

/// What to write in place of this option or command.
pub(super) fn known_elsewhere(typed: &str, client: bool) -> Option<&'static str> {
    let known = if client { &OF_CLIENTS[..] } else { &OF_SERVERS[..] };
    known.iter().find(|(known, _)| *known == typed).map(|(_, hint)| *hint)
}
