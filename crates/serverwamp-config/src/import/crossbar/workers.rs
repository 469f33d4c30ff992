//! The workers of a node: routers, and proxies before them.

use super::super::fields::{Fields, Findings, Item};
use super::realm::{self, Realm};
use super::transport::{self, Door, Listener};
use std::collections::{BTreeSet, HashMap};

/// What a node has.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) listeners: Vec<Listener>,
    pub(super) doors: Vec<Door>,
    pub(super) realms: Vec<Realm>,
    by_name: HashMap<String, usize>,
    /// The address of each listener, and its number.
    by_address: HashMap<String, usize>,
}

/// The newest version that is known.
const VERSION: u64 = 2;

/// Options of a worker that are about its process.
const OF_PROCESSES: [&str; 8] =
    ["title", "python", "pythonpath", "cpu_affinity", "env", "expose_controller", "expose_shared", "extra"];

/// The workers that run something else than a router.
const OTHERS: [(&str, &str, &str); 3] = [
    (
        "container",
        "components are clients",
        "start each as a client, by systemd or whatever starts this server",
    ),
    ("guest", "this server starts no other programs", "let systemd start it, or whatever starts this server"),
    ("websocket-testee", "this server has no echo for tests of the protocol", "remove it"),
];

impl Node {
    /// Reads the whole file; `None` if it is none of Crossbar.io.
    pub(super) fn read(root: &Item<'_>, findings: &Findings) -> Option<Self> {
        let mut fields = root.fields(findings)?;
        fields.skip(&["$schema"]);
        if fields.number("version").is_some_and(|version| version > VERSION) {
            let reason = format!("versions after {VERSION} are not known: read as version {VERSION}");
            findings.changed("version", reason, "look whether everything is there");
        }
        fields.needless(&["controller"], "one process, without a controller");
        let mut node = Self::default();
        let workers = fields.list("workers");
        fields.finish();
        // Realms first: a proxy's transports lead to those of other workers.
        let realms: Vec<_> = workers.iter().map(|worker| node.worker_realms(worker, findings)).collect();
        for (fields, realms) in realms.into_iter().flatten() {
            node.transports(fields, &realms);
        }
        let all: BTreeSet<String> = node.by_name.into_keys().collect();
        node.by_name = HashMap::new();
        for listener in &mut node.listeners {
            listener.realms.take_if(|realms| *realms == all);
        }
        Some(node)
    }

    /// Reads the realms of a worker, and returns those that its transports lead to.
    fn worker_realms<'j, 'f>(
        &mut self,
        item: &Item<'j>,
        findings: &'f Findings,
    ) -> Option<(Fields<'j, 'f>, BTreeSet<String>)> {
        let mut fields = item.fields(findings)?;
        fields.skip(&["id"]);
        let Some(kind) = fields.text("type") else {
            if !fields.has("type") {
                findings.left(&item.path, "`type` is missing", "write router");
            }
            return None;
        };
        if let Some((_, reason, help)) = OTHERS.iter().find(|(name, _, _)| *name == kind) {
            findings.left(&item.path, *reason, *help);
            return None;
        }
        if kind != "router" && kind != "proxy" {
            findings.left(&item.path, "this type of worker is not here", "there are routers, in one process");
            return None;
        }
        if let Some(mut options) = fields.take("options").and_then(|item| item.fields(findings)) {
            options.needless(&OF_PROCESSES, "one process, without Python");
            let is_disabled = options.boolean("disabled") == Some(true);
            options.finish();
            if is_disabled {
                findings.left(&item.path, "the worker is disabled", "enable it, and import again");
                return None;
            }
        }
        let realms = if kind == "router" { self.realms(&mut fields) } else { routes(&mut fields) };
        Some((fields, realms))
    }

    fn realms(&mut self, fields: &mut Fields<'_, '_>) -> BTreeSet<String> {
        let findings = fields.findings;
        let mut names = BTreeSet::new();
        for item in fields.list("realms") {
            let Some(realm) = realm::read(&item, findings) else { continue };
            match self.by_name.get(&realm.name).and_then(|at| self.realms.get(*at)) {
                None => {
                    self.by_name.insert(realm.name.clone(), self.realms.len());
                    names.insert(realm.name.clone());
                    self.realms.push(realm);
                }
                Some(first) if first.settings == realm.settings => {
                    findings.needless(&item.path, "one process has the realm, and uses all processors");
                    names.insert(realm.name);
                }
                Some(_) => findings.left(
                    &item.path,
                    "another worker has a realm of this name, with other settings",
                    "give one of both another name, or join their roles",
                ),
            }
        }
        names
    }

    fn transports(&mut self, mut fields: Fields<'_, '_>, realms: &BTreeSet<String>) {
        let findings = fields.findings;
        for item in fields.list("transports") {
            let Some(read) = transport::read(&item, realms, findings) else { continue };
            if !read.doors.is_empty() && read.doors.iter().all(|door| door.ways.is_for_proxies) {
                findings.needless(&item.path, "proxies and routers are one process");
                continue;
            }
            let mut listener = read.listener;
            listener.realms = Some(realms.clone());
            match self.by_address.get(&listener.address).and_then(|at| self.listeners.get(*at)) {
                Some(first) if *first == listener => {
                    findings.needless(&item.path, "one process listens there, and uses all processors");
                }
                Some(_) => findings.left(
                    &item.path,
                    "another listener has this address, with other settings",
                    "give one of both another port, or join what they serve",
                ),
                None => {
                    self.by_address.insert(listener.address.clone(), self.listeners.len());
                    self.listeners.push(listener);
                    self.doors.extend(read.doors);
                }
            }
        }
        for item in fields.list("components") {
            findings.left(
                &item.path,
                "a component inside of the router",
                "start it as a client, which has to come in by `auth` of its realm",
            );
        }
        fields.leave(
            &["connections"],
            "connections are for components or for other workers",
            "configure them where they are used",
        );
        fields.leave(
            &["manhole"],
            "there is no shell inside of the process",
            "`serverwamp call wamp.session.list` and its like tell how it is",
        );
        fields.finish();
    }
}

/// The realms to which a proxy leads.
fn routes(fields: &mut Fields<'_, '_>) -> BTreeSet<String> {
    let findings = fields.findings;
    let Some(item) = fields.take("routes") else { return BTreeSet::new() };
    let routes = item.named(findings).unwrap_or_default();
    if !routes.is_empty() {
        let reason = "a proxy lets roles of its routes through: the realms are those of the listener, and roles are not looked at";
        findings.changed(&item.path, reason, "see that each role may do in its realm what it is to do");
    }
    routes.into_iter().map(|(realm, _)| realm.to_owned()).collect()
}
