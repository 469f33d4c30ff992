//! The text of the configuration.

use super::super::Keys;
use super::super::toml_text::{comment, key, list, quoted};
use super::doors::RealmWays;
use super::permissions::{ACTIONS, names};
use super::realm::{Realm, Role, Rule};
use super::transport::Listener;
use std::fmt::Write as _;

/// The text, line by line.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn pair(&mut self, key: &str, value: &str) {
        // A string takes what is written to it.
        let _written = writeln!(self.0, "{key} = {value}");
    }

    fn table(&mut self, head: &str, keys: &Keys) {
        if keys.is_empty() {
            return;
        }
        self.line("");
        self.line(head);
        for (key, value) in keys {
            self.pair(key, value);
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    /// A listener.
    pub(super) fn listener(&mut self, listener: &Listener) {
        self.line("");
        self.line("[[listen]]");
        self.pair("address", &quoted(&listener.address));
        self.pair("serve", &list(&listener.serve));
        if let Some(realms) = &listener.realms {
            self.pair("realms", &list(realms));
        }
        self.table("[listen.tls]", &listener.tls);
        self.table("[listen.websocket]", &listener.websocket);
        self.table("[listen.rawsocket]", &listener.rawsocket);
        self.table("[listen.long_poll]", &listener.long_poll);
        self.table("[listen.http]", &listener.http);
        for files in &listener.files {
            self.table("[[listen.files]]", files);
        }
    }

    /// A realm; `credentials` is the path of its file.
    pub(super) fn realm(&mut self, realm: &Realm, ways: &RealmWays, credentials: &str) {
        let settings = &realm.settings;
        self.line("");
        self.line("[[realm]]");
        self.pair("name", &quoted(&realm.name));
        if ways.is_empty() {
            self.line("# Nobody comes in yet: what Crossbar.io has is not carried over.");
        }
        self.rules(realm);
        if !ways.users.is_empty() {
            self.line("");
            self.line("[[realm.auth]]");
            let methods = list(ways.users.methods());
            self.pair("file", &format!("{{ path = {}, methods = {methods} }}", quoted(credentials)));
        }
        for way in &ways.procedures {
            self.line("");
            self.line("[[realm.auth]]");
            let (method, uri) = (quoted(way.method), quoted(&way.procedure));
            let other = way.realm.as_ref().filter(|other| **other != realm.name);
            let other = other.map(|other| format!(", realm = {}", quoted(other))).unwrap_or_default();
            self.pair("procedure", &format!("{{ method = {method}, procedure = {uri}{other} }}"));
        }
        if let Some(role) = &ways.anonymous {
            self.line("");
            self.line("[[realm.auth]]");
            self.pair("anonymous", &format!("{{ role = {} }}", quoted(role)));
        }
        for role in &settings.roles {
            let start = self.0.len();
            self.role(role);
            if !ways.may_give(&role.name) {
                // A role that nobody can get is a mistake.
                let lines = self.0.split_off(start);
                for line in lines.lines() {
                    self.line(&if line.is_empty() { String::new() } else { format!("# {line}") });
                }
            }
        }
        if !settings.roles.iter().any(|role| ways.may_give(&role.name)) {
            self.line("");
            self.line(
                "# A realm without roles lets everybody do everything here, and nobody do anything there.",
            );
            self.nothing(ways.anonymous.as_deref().unwrap_or("anonymous"));
        }
        for (uri, topic) in &settings.topics {
            self.line("");
            self.line("[[realm.topic]]");
            self.pair("uri", &quoted(uri));
            if let Some(history) = topic.history {
                self.pair("history", &history.to_string());
            }
            if topic.discloses {
                self.pair("disclose_publisher", "true");
            }
        }
        for uri in &settings.disclosing {
            self.line("");
            self.line("[[realm.procedure]]");
            self.pair("uri", &quoted(uri));
            self.pair("disclose_caller", "true");
        }
    }

    fn rules(&mut self, realm: &Realm) {
        let settings = &realm.settings;
        if settings.refuses_disclosure {
            self.line("# No permission there discloses who calls or publishes. Requests for it are refused here; \"on-request\" grants them.");
            self.pair("rules.disclosure", &quoted("refused"));
        }
        if settings.strict_uris {
            self.pair("rules.strict_uris", "true");
        }
        if settings.meta_api == Some(false) {
            self.pair("rules.meta_api", "false");
        }
    }

    fn role(&mut self, role: &Role) {
        let head = format!("realm.role.{}", key(&role.name));
        if let Some(authorizer) = &role.authorizer {
            self.line("");
            self.line(&format!("[{head}]"));
            self.pair("authorizer", &quoted(authorizer));
            return;
        }
        if !role.rules.iter().any(|rule| rule.allow.contains(&true)) {
            self.line("");
            self.line(&format!("# {} may do nothing.", comment(&format!("{:?}", role.name))));
            self.nothing(&role.name);
            return;
        }
        for (table, actions) in [
            ("allow", (|rule| names(rule.allow)) as fn(&Rule) -> Vec<&'static str>),
            ("deny", |rule| names(rule.deny)),
            ("withhold", |rule| {
                if rule.withholds_disclosure && rule.allow.contains(&true) {
                    vec!["disclose"]
                } else {
                    Vec::new()
                }
            }),
        ] {
            let rules: Vec<_> = role
                .rules
                .iter()
                .map(|rule| (rule, actions(rule)))
                .filter(|(_, some)| !some.is_empty())
                .collect();
            if rules.is_empty() {
                continue;
            }
            self.line("");
            self.line(&format!("[{head}.{table}]"));
            let mut written = std::collections::HashSet::new();
            for (rule, actions) in rules {
                if written.insert(&rule.pattern) {
                    self.pair(&key(&rule.pattern), &list(actions));
                }
            }
        }
    }

    fn nothing(&mut self, role: &str) {
        self.line(&format!("[realm.role.{}]", key(role)));
        self.pair("deny", &format!("{{ \"*\" = {} }}", list(ACTIONS)));
    }
}
