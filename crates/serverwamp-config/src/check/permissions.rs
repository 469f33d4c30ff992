//! What roles may do: permissions that never decide anything, and those that are more than is safe.

use super::Checking;
use super::space::{Space, pattern};
use crate::codes;
use crate::mistake::Mistake;
use crate::model::{Auth, Permitted, Role};
use crate::node::Place;
use crate::reading::At;

/// What the meta API is of.
const META: [&str; 3] = ["wamp.session.", "wamp.registration.", "wamp.subscription."];

impl Checking<'_> {
    pub(super) fn permissions(&mut self, space: &Space<'_>) {
        for (name, role) in space.role.iter() {
            self.one_uri(&role.authorizer);
            self.allowed(space, role);
            self.denied(role);
            self.withheld(role);
            self.role_bounds(name, role);
        }
        if self.doubt.knows(space.place) && self.doubt.knows_listeners() {
            self.strangers(space);
        }
    }

    fn allowed(&mut self, space: &Space<'_>, role: &Role) {
        for (uri, actions) in role.allow.iter() {
            if actions.is_empty() {
                self.no_actions(uri, actions.place());
            }
            self.reserved(space, uri, actions);
            let same = |(other, denied): &(&str, &At<Vec<At<Permitted>>>)| {
                pattern(other) == pattern(uri) && actions.iter().any(|action| denied.contains(action))
            };
            let Some((_, denied)) = role.deny.iter().find(same) else { continue };
            for action in actions.iter().filter(|action| denied.contains(action)) {
                let word = action.word();
                let title = format!("{word:?} is allowed and denied for {uri:?}, so it is denied");
                self.add(
                    Mistake::new(&codes::NEVER_ALLOWED, title)
                        .at_if(action.place())
                        .related(denied.place(), "denied here")
                        .help("leave one of both out"),
                );
            }
        }
    }

    fn no_actions(&mut self, uri: &str, place: Option<&Place>) {
        let title = format!("{uri:?} has an empty list of actions");
        let mistake = Mistake::new(&codes::EMPTY, title).at_if(place);
        self.add(mistake.help("the actions are \"call\", \"register\", \"publish\" and \"subscribe\""));
    }

    /// URIs that belong to the router.
    fn reserved(&mut self, space: &Space<'_>, uri: &str, actions: &At<Vec<At<Permitted>>>) {
        if !uri.starts_with("wamp.") {
            return;
        }
        for action in actions.iter() {
            if matches!(action.value(), Permitted::Register | Permitted::Publish) {
                let title = format!("nobody can {} below `wamp.`, whatever is allowed", action.word());
                let mistake = Mistake::new(&codes::RESERVED_URI, title).at_if(action.place());
                self.add(mistake.help("URIs that start with `wamp.` are the router's own: allow \"call\" and \"subscribe\" there"));
            }
        }
        if META.iter().any(|meta| uri.starts_with(meta)) && !*space.rules.meta_api {
            let title = format!("{uri:?} is allowed in vain: {} has no meta API", space.title());
            self.add(
                Mistake::new(&codes::NO_META_API, title)
                    .at_if(actions.place())
                    .related(space.rules.meta_api.place(), "switched off here")
                    .help("leave `meta_api` at true, or leave the permission out"),
            );
        }
    }

    fn denied(&mut self, role: &Role) {
        for (uri, actions) in role.deny.iter() {
            if actions.is_empty() {
                self.no_actions(uri, actions.place());
            }
            if role.authorizer.is_some() {
                continue;
            }
            for action in actions.iter() {
                let allows = |(other, allowed): (&str, &At<Vec<At<Permitted>>>)| {
                    allowed.contains(action) && pattern(other).overlaps(&pattern(uri))
                };
                if !role.allow.iter().any(allows) {
                    let title = format!("{:?} is denied for {uri:?}, where nothing allows it", action.word());
                    let help = "what is not allowed is denied anyway: leave it out";
                    self.no_effect(action.place(), title, help);
                }
            }
        }
    }

    fn withheld(&mut self, role: &Role) {
        for (uri, withheld) in role.withhold.iter() {
            if role.allow.get(uri).is_none() {
                let title = format!("{uri:?} withholds something, and `allow` does not have this pattern");
                let mistake = Mistake::new(&codes::WITHHELD_OF_NOTHING, title).at_if(withheld.place());
                self.add(mistake.help("`withhold` takes the patterns of `allow`, written in the same way"));
            }
        }
    }

    /// Everybody from everywhere who may register can answer the calls of others.
    fn strangers(&mut self, space: &Space<'_>) {
        let anonymous = space.auth.iter().find_map(|auth| match auth.value() {
            Auth::Anonymous(anonymous) => Some((anonymous.role.as_str(), auth.place())),
            _ => None,
        });
        let Some((name, place)) = anonymous else { return };
        let may_register = match space.role.get(name) {
            None => space.role.is_empty(),
            Some(role) => role
                .allow
                .iter()
                .any(|(_, actions)| actions.iter().any(|action| *action.value() == Permitted::Register)),
        };
        let listeners = self.config.placed_listeners();
        let public = listeners.iter().find(|listener| listener.is_public() && space.is_served_by(listener));
        if let (true, Some(listener)) = (may_register, public) {
            let title = format!(
                "everybody who reaches {} may register procedures in {}",
                *listener.address,
                space.title()
            );
            self.add(
                Mistake::new(&codes::STRANGERS_REGISTER, title)
                    .at_if(place)
                    .related(listener.address.place(), "reached from other machines")
                    .help("give anonymous sessions a role that is listed and may not register, or let in nobody unknown"),
            );
        }
    }
}
