//! The headers in which HTTP proxies name those whom they ask for: `X-Forwarded-For` and `Forwarded` (RFC 7239).
//!
//! Each proxy adds the address of its client at the end, so the end is written by the proxy next to us, and the
//! beginning by anybody. Invariant: nothing is looked at that stands before what a trusted proxy has written, except that
//! a line of `Forwarded` is understood as a whole or not at all.

use std::net::{IpAddr, SocketAddr};

use http::header::{FORWARDED, HeaderMap};

/// One of those who were asked on the way, the last one first.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hop {
    /// Port 0 where none is said.
    Address(SocketAddr),
    /// The proxy does not know it, or does not tell: `unknown`, `_hidden`, an element without `for`.
    Nobody,
}

/// A header that cannot be understood; where, and what.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{name} cannot be parsed: {what}")]
pub(crate) struct Malformed {
    name: &'static str,
    what: String,
}

type Hops<'h> = Box<dyn Iterator<Item = Result<Hop, Malformed>> + 'h>;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The addresses of `X-Forwarded-For`, from its end.
pub(super) fn x_forwarded_for(headers: &HeaderMap) -> Hops<'_> {
    let malformed = |what: String| Malformed { name: "X-Forwarded-For", what };
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    Box::new(lines.flat_map(move |line| -> Hops<'_> {
        match line.to_str() {
            Ok(line) => Box::new(line.rsplit(',').map(move |hop| address(hop.trim()).map_err(malformed))),
            Err(_) => Box::new(std::iter::once(Err(malformed("a line is not ASCII".to_owned())))),
        }
    }))
}

/// The addresses of `Forwarded`, from its end.
pub(super) fn forwarded(headers: &HeaderMap) -> Hops<'_> {
    let malformed = |what: String| Malformed { name: "Forwarded", what };
    let lines = headers.get_all(FORWARDED).iter().rev();
    Box::new(lines.flat_map(move |line| -> Hops<'_> {
        let hops = line.to_str().map_err(|_| "a line is not ASCII".to_owned()).and_then(elements);
        match hops {
            Ok(hops) => Box::new(hops.into_iter().rev().map(Ok)),
            Err(what) => Box::new(std::iter::once(Err(malformed(what)))),
        }
    }))
}

/// The elements of one line of `Forwarded`.
fn elements(line: &str) -> Result<Vec<Hop>, String> {
    let mut hops = Vec::new();
    let mut rest = line.trim();
    loop {
        let (hop, more) = element(rest)?;
        hops.push(hop);
        match more {
            Some(more) => rest = more,
            None => return Ok(hops),
        }
    }
}

/// One element, and what comes behind its comma.
fn element(text: &str) -> Result<(Hop, Option<&str>), String> {
    let mut hop = None;
    let mut rest = text;
    loop {
        let Some((name, value)) = rest.split_once('=') else {
            return Err(format!("there is no `=` in {:?}", excerpt(rest)));
        };
        let name = name.trim();
        if !is_token(name) {
            return Err(format!("{:?} is not a name", excerpt(name)));
        }
        let (value, behind) = read_value(value)?;
        if name.eq_ignore_ascii_case("for") && hop.replace(address(&value)?).is_some() {
            return Err("`for` is given twice".to_owned());
        }
        let hop_so_far = hop.unwrap_or(Hop::Nobody);
        let behind = behind.trim_start();
        match behind.chars().next() {
            None => return Ok((hop_so_far, None)),
            Some(',') => return Ok((hop_so_far, behind.get(1..).map(str::trim_start))),
            Some(';') => rest = behind.get(1..).unwrap_or_default().trim_start(),
            Some(_) => return Err(format!("{:?} follows a value", excerpt(behind))),
        }
    }
}

/// A value, quoted or not, and what stands behind it.
fn read_value(text: &str) -> Result<(String, &str), String> {
    let Some(quoted) = text.strip_prefix('"') else {
        // Not only tokens: several proxies write addresses with ports without the quotes that they need.
        let end = text.find([',', ';', '"', ' ', '\t']).unwrap_or(text.len());
        let (value, behind) = text.split_at(end);
        return Ok((value.to_owned(), behind));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, quoted.get(at + 1..).unwrap_or_default())),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err("a quote is not closed".to_owned())
}

/// An address with or without a port, or what stands in its place.
fn address(text: &str) -> Result<Hop, String> {
    let hidden = text.strip_prefix('_').is_some_and(is_token);
    if text.eq_ignore_ascii_case("unknown") || hidden {
        return Ok(Hop::Nobody);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let address = match (bare.unwrap_or(text).parse::<IpAddr>(), text.parse::<SocketAddr>()) {
        (Ok(ip), _) if bare.is_none() || ip.is_ipv6() => SocketAddr::new(ip, 0),
        (_, Ok(address)) => address,
        _ => return Err(format!("{:?} is not an IP address", excerpt(text))),
    };
    Ok(Hop::Address(super::canonical(address)))
}

fn is_token(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fine)
}

/// Enough of what cannot be understood to find it again.
fn excerpt(text: &str) -> &str {
    text.char_indices().nth(60).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
}
