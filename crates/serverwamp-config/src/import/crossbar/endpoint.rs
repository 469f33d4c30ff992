//! Endpoints: where a transport listens, and its TLS.

use super::super::fields::{Fields, Findings, Item};
use super::super::toml_text::quoted;
use super::super::{Keys, fault_of};
use crate::values::{Address, FilePath};
use std::net::IpAddr;

/// Where a transport listens.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) address: String,
    /// Nobody but this machine can connect.
    pub(super) is_local: bool,
    pub(super) tls: Keys,
    /// Clients need a certificate.
    pub(super) wants_certificates: bool,
}

/// The port in place of one that comes from the environment.
const STAND_IN: u16 = 8080;

/// Reads an endpoint. One that cannot be listened at is a finding.
pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Option<Endpoint> {
    let mut fields = item.fields(findings)?;
    fields.needless(
        &["backlog", "shared", "user_timeout"],
        "the operating system and the program have bounds of their own, and one process uses all processors",
    );
    let kind = fields.take("type");
    let kind = match &kind {
        Some(kind) => kind.text(findings)?,
        None => "tcp",
    };
    let endpoint = match kind {
        "tcp" => tcp(&mut fields),
        "unix" => unix(&mut fields),
        _ => {
            let reason = "an endpoint of this type cannot be listened at, only `tcp` and `unix`";
            findings.left(
                &item.path,
                reason,
                "listen at an address, or at a socket of systemd, `systemd:NAME`",
            );
            return None;
        }
    };
    fields.finish();
    endpoint
}

fn unix(fields: &mut Fields<'_, '_>) -> Option<Endpoint> {
    let address = format!("unix:{}", fields.text("path")?);
    check_address(&fields.path, &address, fields.findings)?;
    Some(Endpoint { address, is_local: true, tls: Keys::new(), wants_certificates: false })
}

fn tcp(fields: &mut Fields<'_, '_>) -> Option<Endpoint> {
    let findings = fields.findings;
    let (tls, wants_certificates) = match fields.take("tls").map(|item| tls(&item, findings)) {
        None => (Keys::new(), false),
        // Without its TLS nothing is served there: passwords would be sent as they are.
        Some(read) => read?,
    };
    let port = port(fields)?;
    let interface = fields.text("interface").unwrap_or_default().trim();
    let version = fields.number("version");
    let any = if version == Some(6) { "::" } else { "0.0.0.0" };
    let interface = if interface.is_empty() { any } else { interface };
    let (address, is_local) = match interface.parse::<IpAddr>() {
        Ok(ip) => (std::net::SocketAddr::from((ip, port)).to_string(), ip.is_loopback()),
        Err(_) => (format!("{interface}:{port}"), interface == "localhost"),
    };
    check_address(&fields.path, &address, findings)?;
    Some(Endpoint { address, is_local, tls, wants_certificates })
}

fn check_address(path: &str, address: &str, findings: &Findings) -> Option<()> {
    match fault_of::<Address>(address) {
        None => Some(()),
        Some(why) => {
            findings.left(path, why, "write a `[[listen]]` with its address");
            None
        }
    }
}

fn port(fields: &mut Fields<'_, '_>) -> Option<u16> {
    let findings = fields.findings;
    if let Some(range) = fields.take("portrange") {
        findings.left(&range.path, "a listener has one port, not a range", "choose one");
        return None;
    }
    let Some(item) = fields.take("port") else {
        findings.left(&fields.path, "`port` is missing", "write a `[[listen]]` with its address");
        return None;
    };
    match item.json {
        super::super::json::Json::Text(text) if text.starts_with('$') => {
            let reason = format!("the port comes from the environment: {STAND_IN} stands in for it");
            let help = "set SERVERWAMP_LISTEN__0__ADDRESS=0.0.0.0:PORT, with the number of the listener, counted from 0";
            findings.changed(&item.path, reason, help);
            Some(STAND_IN)
        }
        super::super::json::Json::Number(number) => {
            let port = number.and_then(|number| u16::try_from(number).ok()).filter(|port| *port > 0);
            if port.is_none() {
                findings.left(
                    &item.path,
                    "expected a port from 1 to 65535",
                    "write a `[[listen]]` with its address",
                );
            }
            port
        }
        _ => item.wrong("a port", findings),
    }
}

/// Files of TLS, and whether clients need a certificate.
fn tls(item: &Item<'_>, findings: &Findings) -> Option<(Keys, bool)> {
    let mut fields = item.fields(findings)?;
    fields.needless(
        &["dhparam", "ciphers"],
        "TLS 1.2 and 1.3 with the ciphers of rustls, which need no parameters of Diffie-Hellman",
    );
    let certificate = fields.text("certificate").filter(|path| is_path(path));
    let key = fields.text("key").filter(|path| is_path(path));
    let chain = fields.texts("chain_certificates");
    let authorities = fields.take("ca_certificates");
    let path = fields.path.clone();
    let (Some(certificate), Some(key)) = (certificate, key) else {
        findings.left(
            &path,
            "TLS needs `certificate` and `key`: the listener is left out",
            "write a `[listen.tls]`",
        );
        return None;
    };
    if !chain.is_empty() {
        let reason = "the chain stands in the same file as the certificate, behind it";
        let help = format!("append the files of `chain_certificates`, in their order, to {certificate:?}");
        findings.changed(&path, reason, help);
    }
    let mut keys: Keys = vec![("certificates", quoted(certificate)), ("key", quoted(key))];
    let wants_certificates = authorities.is_some();
    if let Some(item) = authorities {
        let files: Vec<&str> = item
            .list(findings)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.text(findings))
            .filter(|path| is_path(path))
            .collect();
        match files.as_slice() {
            [] => {
                findings.left(
                    &item.path,
                    "no authority of clients: the listener is left out",
                    "write a `[listen.tls]`",
                );
                return None;
            }
            [one] => keys.push(("client_authorities", quoted(one))),
            [first, ..] => {
                let reason = "all authorities stand in one file";
                findings.changed(&item.path, reason, format!("append the other files to {first:?}"));
                keys.push(("client_authorities", quoted(first)));
            }
        }
        keys.push(("client_certificates", quoted("required")));
    }
    fields.finish();
    Some((keys, wants_certificates))
}

fn is_path(path: &str) -> bool {
    fault_of::<FilePath>(path).is_none()
}
