//! An origin as a program lists it, and what can be wrong with it.
//!
//! In: what somebody wrote. Out: the same origin as a browser writes it in `Origin` (RFC 6454, section 6.2), or why no
//! browser ever sends it.

use std::net::Ipv6Addr;

/// Ports that browsers leave out.
const OWN_PORTS: [(&str, u16); 2] = [("http", 80), ("https", 443)];

/// The origin `text` as browsers write it: without the scheme's own port, without a slash at its end, in lower case.
///
/// # Errors
/// When no page has such an origin, with what to write in its place.
pub(super) fn as_browsers_write_it(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    if lower == "null" {
        // Pages of files and of sandboxes.
        return Ok(lower);
    }
    if lower == "*" {
        return Err("for every page there is `Origins::any_origin()`".to_owned());
    }
    let Some((scheme, authority)) = lower.split_once("://") else {
        let host = lower.trim_start_matches('/');
        return Err(format!("the scheme is missing, write \"https://{host}\" or \"http://{host}\""));
    };
    if let "ws" | "wss" = scheme {
        let s = &scheme["ws".len()..];
        return Err(format!("pages come from http or https, write \"http{s}://{authority}\""));
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(letter) {
        return Err(format!("{scheme:?} is no scheme, write it as in \"https://app.example.com\""));
    }
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    let (authority, more) = authority.split_at(end);
    if !more.is_empty() {
        return Err(format!("an origin has no path, write \"{scheme}://{authority}\""));
    }
    let (host, port) = host_and_port(authority)?;
    let host = check_host(host)?;
    match port {
        Some(port) if !OWN_PORTS.contains(&(scheme, port)) => Ok(format!("{scheme}://{host}:{port}")),
        _ => Ok(format!("{scheme}://{host}")),
    }
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    if let Some((_, host)) = authority.rsplit_once('@') {
        return Err(format!("an origin has no user, write {host:?} behind the scheme"));
    }
    let bracketed = authority.rfind(']').unwrap_or_default();
    let colon = authority.get(bracketed..).and_then(|rest| rest.find(':'));
    let Some(at) = colon.map(|colon| colon + bracketed) else { return Ok((authority, None)) };
    let (host, port) = authority.split_at(at);
    let digits = port.trim_start_matches(':');
    // `parse` would take a sign.
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    match number {
        Some(0) | None => Err(format!("{digits:?} is not a port, write a number from 1 to 65535 or nothing")),
        port => Ok((host, port)),
    }
}

fn check_host(host: &str) -> Result<String, String> {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').and_then(|address| address.parse::<Ipv6Addr>().ok());
        return address
            .map(|address| format!("[{address}]"))
            .ok_or_else(|| format!("{host:?} is no IPv6 address"));
    }
    if host.is_empty() {
        return Err(
            "the host is missing; pages without one, such as those of files, have the origin \"null\""
                .to_owned(),
        );
    }
    if !host.is_ascii() {
        return Err(format!("browsers write {host:?} in ASCII, with \"xn--\" (punycode)"));
    }
    if host.contains('*') {
        return Err(format!("{host:?} has a wildcard, and each host is listed by its own name"));
    }
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if !host.bytes().all(letter) {
        return Err(format!("{host:?} is no host's name"));
    }
    Ok(host.to_owned())
}
