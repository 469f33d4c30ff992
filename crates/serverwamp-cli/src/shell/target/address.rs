//! Addresses of routers that lack their beginning, which is what people leave out.

/// The beginnings of addresses.
const SCHEMES: [&str; 9] = ["ws", "wss", "rs", "rss", "tcp", "http", "https", "unix", "ws+unix"];

/// What is wrong with the beginning of an address, and what to write; `None` if the library is to judge it.
pub(in crate::shell) fn fault(url: &str) -> Option<String> {
    const KNOWN: &str = "ws://, wss://, rs://, rss://, http://, https://, unix:// and ws+unix:// are known";
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    if scheme.as_deref().is_some_and(|scheme| SCHEMES.contains(&scheme)) {
        let host = url.split_once("://").map(|(_, rest)| rest);
        let needs_host = !scheme.is_some_and(|scheme| scheme.ends_with("unix"));
        return (needs_host && host == Some("")).then(|| format!("it names no host; write {url}HOST:PORT"));
    }
    match url.split_once("://") {
        Some((scheme, _)) => Some(format!("{scheme}:// is unknown; {KNOWN}")),
        None if url.is_empty() => Some("it is empty; write ws://HOST:PORT/PATH".to_owned()),
        None if url.starts_with('/') => Some(format!("it has no scheme; write unix://{url}")),
        None => {
            let path = if url.contains('/') { "" } else { "/ws" };
            Some(format!("it has no scheme; write ws://{url}{path}, or another one: {KNOWN}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn what_is_missing_is_written_out() {
        for (url, part) in [
            ("localhost:8080", "write ws://localhost:8080/ws,"),
            ("127.0.0.1:8080/ws", "write ws://127.0.0.1:8080/ws,"),
            ("example.com", "write ws://example.com/ws,"),
            ("/run/wamp.sock", "write unix:///run/wamp.sock"),
            ("ftp://h", "ftp:// is unknown; ws://"),
            ("", "it is empty"),
            ("ws://", "it names no host; write ws://HOST:PORT"),
        ] {
            let said = fault(url).unwrap_or_default();
            assert!(said.contains(part), "{url}: {said}");
        }
        for url in ["ws://h", "WSS://h", "unix:/x", "rs://h:1"] {
            assert_eq!(fault(url), None, "{url}");
        }
    }
}
