//! The permissions of a role.
//!
//! An entry of Crossbar.io decides all four actions for its URIs; one of ours decides those that it names, and a less specific one goes on
//! deciding the others. So what an entry does not allow becomes a denial where a less specific one would allow it. Invariant: what cannot
//! be written makes a role poorer, never richer.

use super::super::fields::{Findings, Item};
use super::super::pattern::{Pattern, Written};
use std::collections::HashMap;

/// The actions, in the order in which they are written.
pub(super) const ACTIONS: [&str; 4] = ["call", "register", "publish", "subscribe"];
const CALL: usize = 0;
const PUBLISH: usize = 2;
const SUBSCRIBE: usize = 3;

/// Each permission is compared with each other one of its role.
const MOST: usize = 4096;

/// For which actions something is so.
pub(super) type Actions = [bool; 4];

/// One permission.
#[derive(Clone, Debug)]
pub(super) struct Permission {
    pub(super) pattern: Pattern,
    pub(super) written: Vec<String>,
    pub(super) allow: Actions,
    /// Of what a less specific one allows.
    pub(super) deny: Actions,
    pub(super) disclose_caller: Option<bool>,
    pub(super) disclose_publisher: Option<bool>,
    pub(super) path: String,
}

impl Permission {
    pub(super) const fn calls(&self) -> bool {
        self.allow[CALL]
    }

    pub(super) const fn publishes(&self) -> bool {
        self.allow[PUBLISH]
    }
}

/// Reads the permissions of a role.
pub(super) fn read(items: &[Item<'_>], has_meta_api: bool, findings: &Findings) -> Vec<Permission> {
    if let Some(first) = items.get(MOST) {
        let reason =
            format!("a role with more than {MOST} permissions is not carried over: it may do nothing");
        findings.left(&first.path, reason, "use patterns");
        return Vec::new();
    }
    let mut permissions: Vec<Permission> = Vec::new();
    let mut by_uri: HashMap<String, usize> = HashMap::new();
    for item in items {
        let Some((uri, permission)) = read_one(item, findings) else { continue };
        match by_uri.get(&uri).and_then(|at| permissions.get_mut(*at)) {
            Some(former) => {
                let reason = "another permission for this URI follows, and the last one counts";
                findings.left(&former.path, reason, "remove one of both");
                *former = permission;
            }
            None => {
                by_uri.insert(uri, permissions.len());
                permissions.push(permission);
            }
        }
    }
    decide(&mut permissions, findings);
    for permission in permissions.iter_mut().filter(|permission| permission.pattern.is_reserved()) {
        keep_what_the_router_has(permission, has_meta_api, findings);
    }
    permissions
}

/// One permission, and the URI by which others replace it.
fn read_one(item: &Item<'_>, findings: &Findings) -> Option<(String, Permission)> {
    let mut fields = item.fields(findings)?;
    let uri = fields.text("uri");
    let matching = fields.take("match");
    let mut allow = [false; 4];
    // Version 1 has the actions beside the URI.
    for (action, allowed) in ACTIONS.iter().zip(&mut allow) {
        *allowed = fields.boolean(action).unwrap_or(false);
    }
    if let Some(mut table) = fields.take("allow").and_then(|item| item.fields(findings)) {
        for (action, allowed) in ACTIONS.iter().zip(&mut allow) {
            *allowed = table.boolean(action).unwrap_or(*allowed);
        }
        table.finish();
    }
    let (mut disclose_caller, mut disclose_publisher) = (None, None);
    if let Some(mut table) = fields.take("disclose").and_then(|item| item.fields(findings)) {
        disclose_caller = table.boolean("caller");
        disclose_publisher = table.boolean("publisher");
        table.finish();
    }
    // Decisions about permissions cost nothing, so that none is kept.
    fields.boolean("cache");
    fields.leave(
        &["validate"],
        "types of payloads are not checked by the router",
        "check them in the callee",
    );
    let path = fields.path.clone();
    let has_uri = fields.has("uri");
    fields.finish();
    let Some(uri) = uri else {
        if !has_uri {
            findings.left(&path, "a permission without `uri` is for nothing", "add `uri`");
        }
        return None;
    };
    let matching = match matching {
        Some(item) => Some(item.text(findings)?),
        None => None,
    };
    let pattern = match Pattern::of(uri, matching) {
        Ok(pattern) => pattern,
        Err(why) => {
            findings.left(&path, why, "mend `match`");
            return None;
        }
    };
    let permission = Permission {
        pattern,
        written: Vec::new(),
        allow,
        deny: [false; 4],
        disclose_caller,
        disclose_publisher,
        path,
    };
    Some((uri.to_owned(), permission))
}

/// Writes patterns, and denies what less specific permissions would allow.
fn decide(permissions: &mut [Permission], findings: &Findings) {
    let mut taken_away: Vec<(usize, usize, String)> = Vec::new();
    let before = permissions.to_vec();
    for (permission, this) in permissions.iter_mut().zip(&before) {
        let overruled = |action: usize| {
            let allows = |other: &&Permission| {
                other.allow.get(action) == Some(&true)
                    && other.pattern != this.pattern
                    && this.pattern.comes_before(&other.pattern)
            };
            this.allow.get(action) == Some(&false) && before.iter().any(|other| allows(&other))
        };
        let deny: Actions = std::array::from_fn(overruled);
        let fully = match this.pattern.written() {
            Written::Fully(text) => {
                permission.written = vec![text];
                true
            }
            Written::Narrower(texts) => {
                let reason = format!(
                    "a prefix ends with a dot here: carried over for {:?} and what is below it, not for other URIs that start so",
                    texts[0]
                );
                findings.changed(&this.path, reason, "name the other URIs, if there are any");
                permission.written = texts.into();
                false
            }
            Written::Not(why) => {
                findings.left(
                    &this.path,
                    why,
                    "write the permission by hand, `serverwamp config explain realm.role`",
                );
                permission.allow = [false; 4];
                false
            }
        };
        if fully {
            permission.deny = deny;
            continue;
        }
        // A denial that is not written would leave open what it closes.
        for action in (0..4).filter(|action| deny.get(*action) == Some(&true)) {
            for (at, other) in before.iter().enumerate() {
                let opens =
                    other.allow.get(action) == Some(&true) && this.pattern.comes_before(&other.pattern);
                if opens {
                    taken_away.push((at, action, this.path.clone()));
                }
            }
        }
    }
    for (at, action, path) in taken_away {
        let Some(permission) = permissions.get_mut(at) else { continue };
        let (Some(allowed), Some(name)) = (permission.allow.get_mut(action), ACTIONS.get(action)) else {
            continue;
        };
        if std::mem::take(allowed) {
            let reason =
                format!("`{name}` is not allowed, because the exception {path} from it cannot be written");
            findings.left(&permission.path, reason, "allow by hand what is meant");
        }
    }
}

/// Nobody registers or publishes at the URIs of the router, and nothing else is there than the meta API.
fn keep_what_the_router_has(permission: &mut Permission, has_meta_api: bool, findings: &Findings) {
    let before = (permission.allow, permission.deny);
    let kept = |action: usize| match permission.pattern.meta_topic() {
        _ if !has_meta_api => false,
        Some(true) => action == SUBSCRIBE,
        Some(false) => action == CALL,
        None => action == CALL || action == SUBSCRIBE,
    };
    for actions in [&mut permission.allow, &mut permission.deny] {
        *actions = std::array::from_fn(|action| kept(action) && actions.get(action) == Some(&true));
    }
    if (permission.allow, permission.deny) != before {
        let reason = "URIs that start with `wamp.` are the router's own: of the actions, those that can ever happen are kept";
        findings.needless(&permission.path, reason);
    }
}

/// The names of actions.
pub(super) fn names(actions: Actions) -> Vec<&'static str> {
    ACTIONS.into_iter().zip(actions).filter(|(_, so)| *so).map(|(name, _)| name).collect()
}
