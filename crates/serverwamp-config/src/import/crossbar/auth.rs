//! `auth` of a transport: the ways in.
//!
//! Invariant: a way that cannot be read is none; what is in a secret never becomes a finding.

use super::super::fault_of;
use super::super::fields::{Fields, Findings, Item};
use super::users::{self, User};
use crate::values::{RealmName, UriPattern};

/// The ways in.
#[derive(Debug, Default)]
pub(super) struct Ways {
    pub(super) anonymous: Option<AnonymousWay>,
    pub(super) procedures: Vec<ProcedureWay>,
    pub(super) users: Vec<User>,
    /// Only a proxy of the same node comes in.
    pub(super) is_for_proxies: bool,
}

/// Everybody comes in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct AnonymousWay {
    pub(super) role: String,
    /// The only realm.
    pub(super) realm: Option<String>,
}

/// A procedure decides.
#[derive(Clone, Debug)]
pub(super) struct ProcedureWay {
    pub(super) method: &'static str,
    pub(super) procedure: String,
    pub(super) realm: Option<String>,
    pub(super) path: String,
}

impl Ways {
    /// As it is without `auth`.
    pub(super) fn anonymous() -> Self {
        let anonymous = AnonymousWay { role: "anonymous".to_owned(), realm: None };
        Self { anonymous: Some(anonymous), ..Self::default() }
    }
}

/// Reads `auth`, if it is there.
pub(super) fn read(transport: &mut Fields<'_, '_>) -> Ways {
    let findings = transport.findings;
    let Some(item) = transport.take("auth") else { return Ways::anonymous() };
    let mut ways = Ways::default();
    let Some(methods) = item.named(findings) else { return ways };
    let mut proxies = 0;
    let number = methods.len();
    for (method, item) in methods {
        match method {
            "anonymous-proxy" | "cryptosign-proxy" => proxies += 1,
            "cookie" => findings.left(
                &item.path,
                "this server sets no cookies, and so knows none",
                "let a web server set one, and `auth` ask it: `serverwamp config explain realm.auth.http`",
            ),
            "anonymous" | "ticket" | "wampcra" | "scram" | "cryptosign" | "tls" => {
                method_of(method, &item, &mut ways, findings)
            }
            _ => findings.left(
                &item.path,
                "this method is not here",
                "see `serverwamp config explain realm.auth`",
            ),
        }
    }
    ways.is_for_proxies = proxies > 0 && proxies == number;
    ways
}

fn method_of(method: &str, item: &Item<'_>, ways: &mut Ways, findings: &Findings) {
    let Some(mut fields) = item.fields(findings) else { return };
    let Some(kind) = fields.text("type") else {
        if !fields.has("type") {
            findings.left(&item.path, "`type` is missing", "write static or dynamic");
        }
        return;
    };
    match (kind, method) {
        ("dynamic", _) => ways.procedures.extend(procedure(method, &mut fields)),
        ("static", "anonymous") => ways.anonymous = anonymous(&mut fields),
        ("static", "tls") => {
            fields.skip(&["principals"]);
            findings.left(
                &item.path,
                "certificates are known by their SHA-256 here, not by their SHA-1",
                "write `certificate = { fingerprints = { .. } }`, with `openssl x509 -noout -fingerprint -sha256`",
            );
        }
        ("static", _) => users::read(method, &mut fields, &mut ways.users),
        ("function", _) => {
            findings.left(
                &item.path,
                "a function of Python inside the router",
                "let a client register it as a procedure, and write `procedure = { method = .., procedure = .. }`",
            );
            return;
        }
        _ => {
            findings.left(
                &item.path,
                "this type of authentication is not here",
                "there are static and dynamic",
            );
            return;
        }
    }
    fields.finish();
}

fn anonymous(fields: &mut Fields<'_, '_>) -> Option<AnonymousWay> {
    fields.leave(
        &["authid"],
        "everybody without a name gets an authid of its own",
        "let its callees ask for the role",
    );
    let (has_role, has_realm) = (fields.has("role"), fields.has("realm"));
    let role = fields.text("role");
    let realm = fields.text("realm");
    // What cannot be read is not replaced by something that lets more people in.
    if (has_role && role.is_none()) || (has_realm && realm.is_none()) {
        return None;
    }
    let role = role.unwrap_or("anonymous");
    users::check_role(role, &fields.path, fields.findings)?;
    Some(AnonymousWay { role: role.to_owned(), realm: realm.map(str::to_owned) })
}

fn procedure(method: &str, fields: &mut Fields<'_, '_>) -> Option<ProcedureWay> {
    let findings = fields.findings;
    let method = match method {
        "anonymous" => "anonymous",
        "ticket" => "ticket",
        "wampcra" => "wampcra",
        "scram" => "scram",
        "cryptosign" => "cryptosign",
        _ => "transport",
    };
    fields.needless(&["authenticator-role", "expose_controller"], "the router itself calls the procedure");
    fields.leave(
        &["default-role"],
        "the answer of the procedure has to name a role",
        "let it answer with one",
    );
    let path = fields.path.clone();
    let Some(procedure) = fields.text("authenticator") else {
        if !fields.has("authenticator") {
            findings.left(&path, "`authenticator` is missing", "name the procedure");
        }
        return None;
    };
    if let Some(why) = fault_of::<UriPattern>(procedure).or_else(|| starred(procedure)) {
        findings.left(&path, why, "name a procedure");
        return None;
    }
    let has_realm = fields.has("authenticator-realm");
    let realm = fields.text("authenticator-realm").map(str::to_owned);
    if has_realm && realm.as_deref().is_none_or(|realm| fault_of::<RealmName>(realm).is_some()) {
        findings.left(&path, "`authenticator-realm` is no name of a realm", "name one");
        return None;
    }
    Some(ProcedureWay { method, procedure: procedure.to_owned(), realm, path })
}

/// A procedure is one URI.
pub(super) fn starred(uri: &str) -> Option<String> {
    uri.contains('*').then(|| format!("{uri:?} is a pattern, expected the URI of a procedure"))
}
