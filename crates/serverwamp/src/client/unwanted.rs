//! The end of what a session has of its router: subscriptions and registrations that nobody wants any more.

use super::served::ClientRoute;
use super::session::{Awaited, ClientSession, ClientTables};
use crate::peering::EventInbox;
use serverwamp_proto::id::{RegistrationId, SubscriptionId};
use serverwamp_proto::message::{Message, Unregister, Unsubscribe};
use serverwamp_proto::session::client::RequestKind;
use std::sync::Arc;

impl ClientSession {
    /// Ends what somebody subscribed to, and the subscription with the last of them.
    pub(super) fn unsubscribe(&self, id: SubscriptionId, inbox: &Arc<EventInbox>) {
        inbox.give_up();
        if let Some(standing) = &self.standing {
            standing.unsubscribed(inbox);
        }
        let mut state = self.state();
        let id = inbox.current_id().unwrap_or(id);
        let over = state.topics.leave(id, inbox);
        self.send_unsubscribes(&mut state, over);
    }

    /// Sends UNSUBSCRIBE for what nobody listens to.
    pub(super) fn send_unsubscribes(
        &self,
        state: &mut ClientTables,
        over: impl IntoIterator<Item = SubscriptionId>,
    ) {
        for subscription in over {
            let Some(request) =
                state.machine.request(RequestKind::Unsubscribe(subscription), Awaited::Nobody)
            else {
                continue;
            };
            let unsubscribe = Message::Unsubscribe(Unsubscribe { request, subscription });
            // Where it does not fit, events go on to arrive and are passed over.
            let _unsent = self.push_request(state, request, &unsubscribe);
        }
    }

    /// Gives a registration up. Invocations that cross this are served.
    pub(super) fn unregister(&self, route: &Arc<ClientRoute>, registration: RegistrationId) {
        if let Some(standing) = &self.standing {
            standing.unregistered(route);
        }
        let mut state = self.state();
        // In another session, the id may be another registration's.
        if !state.registrations.get(&registration).is_some_and(|other| Arc::ptr_eq(other, route)) {
            return;
        }
        let kind = RequestKind::Unregister(registration);
        let Some(request) = state.machine.request(kind, Awaited::Nobody) else { return };
        let unregister = Message::Unregister(Unregister { request, registration });
        // Where it does not fit the router goes on to call, and is served.
        let _unsent = self.push_request(&mut state, request, &unregister);
    }
}
