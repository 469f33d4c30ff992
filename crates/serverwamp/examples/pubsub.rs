//! A chat: state, publishing, and code that lives as long as a subscription. Run with
//! `cargo run -p serverwamp --example pubsub`, then listen with
//! `cargo run -q -- subscribe chat.rooms.tea`
//! and say something: `cargo run -q -- call chat.say tea hello`.

use serverwamp::extract::{Args, Captures, State};
use serverwamp::{
    Application, ConfigError, PendingSubscription, Realm, RealmHandle, RouteSet, Server, Session, WampError,
    prefix,
};
use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

/// What was said in which room; a clone is the same chat.
#[derive(Clone, Default)]
struct Chat(Arc<Mutex<HashMap<String, Vec<String>>>>);

impl Chat {
    fn add(&self, room: &str, text: &str) {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(room.to_owned()).or_default().push(text.to_owned());
    }

    fn said(&self, room: &str) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(room).cloned().unwrap_or_default()
    }
}

/// Everybody in the room gets it, but for the one who said it.
async fn say(
    Args((room, text)): Args<(String, String)>,
    State(chat): State<Chat>,
    realm: RealmHandle,
    session: Session,
) -> Result<(), WampError> {
    chat.add(&room, &text);
    let topic = format!("chat.rooms.{room}");
    realm.publication(topic).exclude(session.id()).send((session.authid(), text))?;
    Ok(())
}

/// One subscription to a room, from the question whether it may be to its end.
async fn room(
    pending: PendingSubscription,
    Captures(room): Captures,
    State(chat): State<Chat>,
) -> Result<(), WampError> {
    let Some(room) = room.first().filter(|room| !room.is_empty()) else {
        return Err(WampError::invalid_argument("subscribe to one room, such as chat.rooms.tea"));
    };
    let subscription = pending.accept().await; // SUBSCRIBED goes out
    for text in chat.said(room) {
        subscription.send(("history", text)).await?; // to this subscriber alone
    }
    println!("{} entered {room}", subscription.session().id());
    subscription.closed().await; // UNSUBSCRIBE, GOODBYE, or a lost connection
    println!("{} left {room}", subscription.session().id());
    Ok(())
}

fn application() -> Result<Application, ConfigError> {
    let routes = RouteSet::new().procedure("chat.say", say).topic(prefix("chat.rooms."), room);
    Application::builder()
        .realm(Realm::new("realm1").allow_anonymous("guest").routes(routes))
        .with_state(Chat::default())
        .build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new(application()?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_enters_a_room_hears_what_was_said_and_what_is_said() {
        let app = application().unwrap();
        let (ann, bob) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
        ann.call::<(), _>("chat.say", ("tea", "is ready")).await.unwrap();
        let mut room = bob.subscribe("chat.rooms.tea").await.unwrap();
        ann.call::<(), _>("chat.say", ("tea", "is cold")).await.unwrap();
        let heard: (String, String) = room.recv().await.unwrap().bind().unwrap();
        assert_eq!(heard, ("history".to_owned(), "is ready".to_owned()));
        let heard: (String, String) = room.recv().await.unwrap().bind().unwrap();
        assert_eq!(heard.1, "is cold");
    }
}
