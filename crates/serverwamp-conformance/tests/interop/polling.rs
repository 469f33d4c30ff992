//! Where a server is polled, directly and through nginx.

use serverwamp_conformance::{Nginx, ServerProcess};

use crate::Carrier;

/// `HOST:PORT` of a URL.
pub(crate) fn address(url: &str) -> &str {
    url.trim_start_matches("ws://").split('/').next().unwrap_or(url)
}

/// Where the demo is polled at this `HOST:PORT`.
pub(crate) fn polled(address: &str) -> String {
    format!("http://{address}/lp")
}

/// Where a server is reached by this carrier, and what has to stay there for it.
pub(crate) fn own(carrier: Carrier, server: &ServerProcess) -> Result<(String, Option<Nginx>), String> {
    Ok(match carrier {
        Carrier::LongPoll => (polled(server.address()), None),
        Carrier::LongPollNginx => {
            let nginx = nginx_before(server.address())?;
            (polled(nginx.address()), Some(nginx))
        }
        _ => (server.url().to_owned(), None),
    })
}

/// nginx in front of a server, as one writes it who has not read what it says about long-polling.
pub(crate) fn nginx_before(address: &str) -> Result<Nginx, String> {
    Nginx::start(|port| {
        format!(
            "server {{\n    listen 127.0.0.1:{port};\n    location / {{\n        proxy_pass http://{address};\n        \
             proxy_set_header Host $http_host;\n    }}\n}}"
        )
    })
}
