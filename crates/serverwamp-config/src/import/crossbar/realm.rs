//! Realms: roles, permissions, stores, options.

use super::super::fault_of;
use super::super::fields::{Fields, Findings, Item};
use super::super::pattern::{Pattern, Written};
use super::auth::starred;
use super::permissions::{self, Actions, Permission};
use super::users::check_role;
use crate::values::{RealmName, UriPattern};
use std::collections::{BTreeMap, HashSet};

/// A realm.
#[derive(Clone, Debug)]
pub(super) struct Realm {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) settings: Settings,
}

/// What a realm has, wherever it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) roles: Vec<Role>,
    pub(super) meta_api: Option<bool>,
    pub(super) strict_uris: bool,
    /// Nobody is disclosed.
    pub(super) refuses_disclosure: bool,
    pub(super) topics: BTreeMap<String, Topic>,
    /// Procedures whose callees get to know the caller.
    pub(super) disclosing: Vec<String>,
}

/// What is special about a topic.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Topic {
    pub(super) history: Option<u64>,
    pub(super) discloses: bool,
}

/// What a role may do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) authorizer: Option<String>,
    pub(super) rules: Vec<Rule>,
}

/// What a role may do at a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) pattern: String,
    pub(super) allow: Actions,
    pub(super) deny: Actions,
    pub(super) withholds_disclosure: bool,
}

/// Crossbar.io's default of events that are kept.
const HISTORY: u64 = 1000;

/// Reads a realm.
pub(super) fn read(item: &Item<'_>, findings: &Findings) -> Option<Realm> {
    let mut fields = item.fields(findings)?;
    fields.skip(&["id"]);
    let Some(name) = fields.text("name") else {
        if !fields.has("name") {
            findings.left(&item.path, "`name` is missing", "name the realm");
        }
        return None;
    };
    if let Some(why) = fault_of::<RealmName>(name) {
        findings.left(&item.path, why, "choose another name, here and in its clients");
        return None;
    }
    let mut settings = Settings::default();
    options(&mut fields, &mut settings);
    let permissions = roles(&mut fields, &mut settings);
    disclosure(&permissions, &mut settings, findings);
    if let Some(item) = fields.take("store") {
        store(&item, &mut settings, findings);
    }
    fields.leave(
        &["rlinks"],
        "links to other routers are a program of their own",
        "`serverwamp link` carries calls and events between two routers",
    );
    fields.leave(&["inventory"], "there are no catalogues of types", "check types in the callees");
    fields.needless(&["stats", "trace"], "`serve = [\"metrics\"]` has the numbers, and the log what happens");
    fields.finish();
    Some(Realm { name: name.to_owned(), path: item.path.clone(), settings })
}

fn options(fields: &mut Fields<'_, '_>, settings: &mut Settings) {
    let findings = fields.findings;
    let Some(mut options) = fields.take("options").and_then(|item| item.fields(findings)) else { return };
    settings.meta_api = options.boolean("enable_meta_api");
    let path = options.path.clone();
    match options.text("uri_check") {
        Some("strict") => settings.strict_uris = true,
        None | Some("loose") => {}
        Some(_) => findings.left(&path, "`uri_check` is neither strict nor loose", "set `rules.strict_uris`"),
    }
    options.needless(&["event_dispatching_chunk_size"], "events are delivered in turns by themselves");
    if options.boolean("bridge_meta_api") == Some(true) {
        findings.left(&path, "the meta API of other realms is not bridged", "let a client join each realm");
    }
    options.finish();
}

/// Reads the roles, and returns their permissions.
fn roles(fields: &mut Fields<'_, '_>, settings: &mut Settings) -> Vec<(usize, Permission)> {
    let findings = fields.findings;
    let (mut all, mut names) = (Vec::new(), HashSet::new());
    let has_meta_api = settings.meta_api != Some(false);
    for item in fields.list("roles") {
        let Some(mut fields) = item.fields(findings) else { continue };
        fields.skip(&["id"]);
        let Some(name) = fields.text("name") else {
            if !fields.has("name") {
                findings.left(&item.path, "`name` is missing", "name the role");
            }
            continue;
        };
        if check_role(name, &item.path, findings).is_none() {
            continue;
        }
        if !names.insert(name) {
            findings.left(&item.path, "the realm has a role of this name already", "join both");
            continue;
        }
        let read = fields.take("permissions");
        let authorizer = fields.text("authorizer");
        let allows_all = fields.boolean("allow-by-default") == Some(true);
        fields.finish();
        let mut role = Role { name: name.to_owned(), authorizer: None, rules: Vec::new() };
        match (read, authorizer) {
            (Some(read), authorizer) => {
                if authorizer.is_some() {
                    findings.left(
                        &item.path,
                        "a role has permissions or an authorizer there, and the permissions count",
                        "write `authorizer` as well, if it is to decide what they do not name",
                    );
                }
                let items = read.list(findings).unwrap_or_default();
                for permission in permissions::read(&items, has_meta_api, findings) {
                    role.rules.extend(permission.written.iter().map(|pattern| Rule {
                        pattern: pattern.clone(),
                        allow: permission.allow,
                        deny: permission.deny,
                        withholds_disclosure: false,
                    }));
                    all.push((settings.roles.len(), permission));
                }
            }
            (None, Some(uri)) => match fault_of::<UriPattern>(uri).or_else(|| starred(uri)) {
                None => role.authorizer = Some(uri.to_owned()),
                Some(why) => findings.left(&item.path, why, "name the procedure in `authorizer`"),
            },
            (None, None) if allows_all => role.rules.push(Rule {
                pattern: "*".to_owned(),
                allow: [true; 4],
                deny: [false; 4],
                withholds_disclosure: false,
            }),
            (None, None) => {}
        }
        settings.roles.push(role);
    }
    all
}

/// Carries over who is disclosed.
///
/// Crossbar.io discloses nobody unless a permission says so, whatever clients ask for.
fn disclosure(permissions: &[(usize, Permission)], settings: &mut Settings, findings: &Findings) {
    let says = |wanted: bool| {
        permissions
            .iter()
            .any(|(_, one)| one.disclose_caller == Some(wanted) || one.disclose_publisher == Some(wanted))
    };
    if !says(true) {
        settings.refuses_disclosure = says(false);
        return;
    }
    // The router always knows who asks it.
    for (role, one) in permissions.iter().filter(|(_, one)| !one.pattern.is_reserved()) {
        let caller = one.calls() && one.disclose_caller == Some(true);
        let publisher = one.publishes() && one.disclose_publisher == Some(true);
        let others =
            || permissions.iter().map(|(_, other)| other).filter(|other| other.pattern.meets(&one.pattern));
        let [exposes_callers, exposes_publishers] = [
            caller && others().any(|other| other.calls() && other.disclose_caller != Some(true)),
            publisher && others().any(|other| other.publishes() && other.disclose_publisher != Some(true)),
        ];
        if exposes_callers || exposes_publishers {
            findings.left(
                &one.path,
                "disclosure goes by procedure and topic here, and another permission for some of these URIs has none",
                "set `disclose_caller` of a `[[realm.procedure]]`, or `disclose_publisher` of a `[[realm.topic]]`, where all may be known",
            );
        }
        for pattern in &one.written {
            if caller && !exposes_callers && !settings.disclosing.contains(pattern) {
                settings.disclosing.push(pattern.clone());
            }
            if publisher && !exposes_publishers {
                settings.topics.entry(pattern.clone()).or_default().discloses = true;
            }
        }
        let quiet = one.disclose_caller == Some(false) && one.disclose_publisher == Some(false);
        let rules = settings.roles.get_mut(*role).map(|role| role.rules.as_mut_slice()).unwrap_or_default();
        for rule in rules.iter_mut().filter(|rule| quiet && one.written.contains(&rule.pattern)) {
            rule.withholds_disclosure = true;
        }
    }
}

fn store(item: &Item<'_>, settings: &mut Settings, findings: &Findings) {
    let Some(mut fields) = item.fields(findings) else { return };
    match fields.take("type").map(|item| item.text(findings)) {
        None | Some(None | Some("memory")) => {}
        Some(Some(_)) => findings.changed(
            &item.path,
            "events are kept in memory, and end with the program",
            "let a client write them down that has to survive",
        ),
    }
    fields.leave(
        &["call-queue"],
        "calls are not queued for callees that are not there",
        "let the caller try again",
    );
    fields.needless(
        &["maxsize", "path", "readonly", "sync", "buffer-flush", "purge_on_startup"],
        "events are kept in memory",
    );
    let limit = fields.number("limit").unwrap_or(HISTORY);
    for item in fields.list("event-history") {
        let Some(mut fields) = item.fields(findings) else { continue };
        let (uri, matching) = (fields.text("uri"), fields.text("match").unwrap_or("exact"));
        let limit = fields.number("limit").unwrap_or(limit);
        let path = fields.path.clone();
        fields.finish();
        let Some(uri) = uri else {
            findings.left(&path, "a history without `uri` is of nothing", "name the topic");
            continue;
        };
        let pattern = Pattern::of(uri, Some(matching));
        if pattern.as_ref().is_ok_and(Pattern::is_reserved) {
            findings.left(&path, "events of the router itself are not kept", "let a client write them down");
            continue;
        }
        let patterns: Vec<String> = match pattern.map(|pattern| pattern.written()) {
            Ok(Written::Fully(text)) => vec![text],
            Ok(Written::Narrower(texts)) => texts.into(),
            Ok(Written::Not(why)) | Err(why) => {
                findings.left(&path, why, "write a `[[realm.topic]]` with `history`");
                continue;
            }
        };
        for pattern in patterns {
            settings.topics.entry(pattern).or_default().history = Some(limit.min(u64::from(u32::MAX)));
        }
    }
    fields.finish();
}
