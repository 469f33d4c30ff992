//! Which roles somebody can get, and which are listed.

use super::Checking;
use super::space::Space;
use crate::codes;
use crate::mistake::Mistake;
use crate::model::Auth;
use crate::nearest::nearest;
use crate::node::Place;
use crate::reading::At;
use crate::values::Text;

/// A role that somebody gets, and where that is said.
struct Given<'a> {
    role: String,
    place: Option<&'a Place>,
}

impl Checking<'_> {
    pub(super) fn roles(&mut self, space: &Space<'_>) {
        for (name, role) in space.role.iter() {
            self.role_name(name, role.place());
        }
        let Some(given) = self.given_roles(space) else { return };
        let has = |name: &str| given.iter().any(|given| given.role == name);
        let names: Vec<&str> = given.iter().map(|given| given.role.as_str()).collect();
        let listed = space.role.iter().map(|(name, role)| (name, role.place()));
        let administrators = space.rules.administrators.iter().map(|role| (role.as_str(), role.place()));
        // A realm that nobody can join has been told of.
        for (name, place) in listed.chain(administrators).filter(|_| !space.auth.is_empty()) {
            if has(name) {
                continue;
            }
            let title = format!("nobody can get the role {name:?} in {}", space.title());
            let mistake = Mistake::new(&codes::ROLE_OF_NOBODY, title).at_if(place);
            self.add(match nearest(name, names.iter().copied()) {
                Some(near) => mistake.help(format!("did you mean {near:?}?")),
                None => mistake.help(format!("the roles that `auth` gives are: {}", list(&names))),
            });
        }
        if space.role.is_empty() {
            return;
        }
        let mut told: Vec<&str> = Vec::new();
        for Given { role, place } in &given {
            if space.role.get(role).is_some() || told.contains(&role.as_str()) {
                continue;
            }
            told.push(role);
            let title = format!(
                "sessions of the role {role:?} may do nothing: it is not listed in {}",
                space.title()
            );
            let mistake = Mistake::new(&codes::ROLE_NOT_LISTED, title).at_if(*place);
            let listed = space.role.iter().map(|(name, _)| name);
            self.add(match nearest(role, listed) {
                Some(near) => mistake.help(format!("did you mean {near:?}?")),
                None => {
                    mistake.help(format!("list it: `role.{role} = {{ allow = {{ \"…\" = [\"call\"] }} }}`"))
                }
            });
        }
    }

    /// The roles that somebody can get; `None` if that is decided elsewhere.
    fn given_roles<'s>(&self, space: &Space<'s>) -> Option<Vec<Given<'s>>> {
        let mut given = Vec::new();
        let mut give = |role: &At<Text>, place: Option<&'s Place>| {
            given.push(Given { role: role.as_str().to_owned(), place });
        };
        for auth in space.auth.iter() {
            let all = auth.place();
            match auth.value() {
                Auth::Anonymous(anonymous) => give(&anonymous.role, anonymous.role.place().or(all)),
                Auth::Header(header) => give(&header.role, header.role.place().or(all)),
                Auth::Jwt(jwt) if jwt.role_claim.is_some() => {
                    jwt.roles.iter().for_each(|role| give(role, role.place()));
                }
                Auth::Jwt(jwt) => give(&jwt.role, jwt.role.place().or(all)),
                Auth::Certificate(certificate) => {
                    let owners = certificate.fingerprints.iter().chain(certificate.common_names.iter());
                    owners.for_each(|(_, owner)| give(&owner.role, owner.role.place()));
                }
                Auth::Unix(users) => {
                    users.users.iter().for_each(|(_, owner)| give(&owner.role, owner.role.place()));
                }
                Auth::File(file) => {
                    let users = self.files.users(&file.path)?;
                    for role in users.roles {
                        give(&At::default_of(Text::new(role)), file.path.place());
                    }
                }
                Auth::Http(_) | Auth::Procedure(_) => return None,
            }
        }
        Some(given)
    }

    /// Nobody means a role with white space in it: that is the trace of something else.
    fn role_name(&mut self, name: &str, place: Option<&Place>) {
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            let title = format!("{name:?} is no role: it needs a character, and none may be white space");
            self.add(Mistake::new(&codes::BAD_NAME, title).at_if(place));
        }
    }
}

/// "`a`, `b`", without those that are there before.
fn list(names: &[&str]) -> String {
    let mut listed: Vec<String> = Vec::new();
    for name in names.iter().map(|name| format!("{name:?}")) {
        if !listed.contains(&name) {
            listed.push(name);
        }
    }
    listed.join(", ")
}
