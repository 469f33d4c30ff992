//! The ways into a realm, of those of all transports.
//!
//! A way in belongs to a transport there, and to a realm here. Invariant: nobody gets in by a listener from another network who could not
//! get in without a secret by each such listener.

use super::super::fields::Findings;
use super::auth::{AnonymousWay, ProcedureWay};
use super::transport::Door;
use super::users::{User, Users};

/// The ways into a realm.
#[derive(Debug)]
pub(super) struct RealmWays {
    pub(super) users: Users,
    pub(super) procedures: Vec<ProcedureWay>,
    /// The role of everybody.
    pub(super) anonymous: Option<String>,
}

impl RealmWays {
    pub(super) const fn is_empty(&self) -> bool {
        self.anonymous.is_none() && self.procedures.is_empty() && self.users.is_empty()
    }

    /// Whether somebody may get a role. Without a way in that is not known yet.
    pub(super) fn may_give(&self, role: &str) -> bool {
        match &self.anonymous {
            Some(only) if self.procedures.is_empty() && self.users.is_empty() => only == role,
            _ => true,
        }
    }
}

/// Joins the ways of the doors that lead to a realm.
pub(super) fn ways_into(realm: &str, doors: &[Door], findings: &Findings) -> RealmWays {
    let doors: Vec<&Door> = doors.iter().filter(|door| door.realms.contains(realm)).collect();
    let is_here = |only: &Option<String>| only.as_deref().is_none_or(|only| only == realm);
    let names = |door: &&Door| {
        door.ways.users.iter().map(|user| (user.authid.clone(), user.proof.clone())).collect::<Vec<_>>()
    };
    if doors.windows(2).any(|two| matches!(two, [one, other] if names(one) != names(other))) {
        for door in doors.iter().filter(|door| !door.ways.users.is_empty()) {
            let reason = format!("users come into the realm {realm:?} by all of its listeners");
            findings.changed(
                &format!("{}.auth", door.path),
                reason,
                "give those that are for one listener a realm of their own",
            );
        }
    }
    let users = doors.iter().flat_map(|door| &door.ways.users).filter(|user: &&User| is_here(&user.realm));
    let users = Users::of(users, findings);
    let mut procedures: Vec<ProcedureWay> = Vec::new();
    for way in doors.iter().flat_map(|door| &door.ways.procedures) {
        let is_taken = users.methods().contains(&way.method)
            || procedures.iter().any(|other| {
                other.method == way.method && (&other.procedure, &other.realm) != (&way.procedure, &way.realm)
            });
        if is_taken {
            let reason = format!("the realm {realm:?} has {} in another way already", way.method);
            findings.left(
                &way.path,
                reason,
                "let one of both decide for all, or let the users of the file come in by another method",
            );
        } else if !procedures.iter().any(|other| other.method == way.method) {
            procedures.push(way.clone());
        }
    }
    let differ = doors.iter().any(|door| door.ways.procedures.len() != procedures.len());
    for way in procedures.iter().filter(|_| differ) {
        let reason = format!("decides for the realm {realm:?}, by whichever listener a client comes");
        findings.changed(&way.path, reason, "see that it is meant for all of them");
    }
    RealmWays { users, procedures, anonymous: anonymous(realm, &doors, findings) }
}

/// The role of everybody, if all doors from other networks agree; or all, if there are none of these.
fn anonymous(realm: &str, doors: &[&Door], findings: &Findings) -> Option<String> {
    let way = |door: &Door| -> Option<String> {
        let AnonymousWay { role, realm: only } = door.ways.anonymous.as_ref()?;
        only.as_deref().is_none_or(|only| only == realm).then(|| role.clone())
    };
    let has_public = doors.iter().any(|door| !door.is_local);
    let mut judged = doors.iter().filter(|door| !has_public || !door.is_local).map(|door| way(door));
    let first = judged.next().flatten();
    let agreed = first.filter(|role| judged.all(|other| other.as_ref() == Some(role)));
    for door in doors {
        let Some(role) = way(door).filter(|role| Some(role) != agreed.as_ref()) else { continue };
        let reason = format!(
            "everybody gets in there as {role:?}, and by others of the listeners not: ways in belong to the realm {realm:?} here, so that this one is left out"
        );
        findings.left(
            &format!("{}.auth", door.path),
            reason,
            "make these clients users of the file (`serverwamp hash`), or give them a realm that one listener alone has (`realms`)",
        );
    }
    agreed
}
