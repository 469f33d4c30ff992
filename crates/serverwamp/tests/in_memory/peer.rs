//! A client in the same process that says and hears JSON.

use serverwamp::memory::MemoryPeer;
use serverwamp::{Application, Serializer};

const ROLES: &str =
    r#"{"caller":{"features":{"progressive_call_results":true}},"subscriber":{},"publisher":{},"callee":{}}"#;

/// A session of some realm.
pub(crate) struct Peer {
    transport: MemoryPeer,
    requests: u64,
}

impl Peer {
    /// Says HELLO to `realm`, and requires a WELCOME.
    pub(crate) async fn join(app: &Application, realm: &str) -> Self {
        let mut this = Self::connect(app);
        this.say(&format!(r#"[1,"{realm}",{{"roles":{ROLES}}}]"#)).await;
        this.welcomed().await
    }

    /// The same with a ticket.
    pub(crate) async fn join_as(app: &Application, realm: &str, authid: &str, ticket: &str) -> Self {
        let mut this = Self::connect(app);
        let methods = format!(r#""authmethods":["ticket"],"authid":"{authid}""#);
        this.say(&format!(r#"[1,"{realm}",{{"roles":{ROLES},{methods}}}]"#)).await;
        let challenge = this.hear().await;
        assert!(challenge.starts_with(r#"[4,"ticket""#), "{challenge}");
        this.say(&format!(r#"[5,"{ticket}",{{}}]"#)).await;
        this.welcomed().await
    }

    /// One that has said nothing yet.
    pub(crate) fn connect(app: &Application) -> Self {
        Self { transport: app.connect(Serializer::Json), requests: 0 }
    }

    async fn welcomed(mut self) -> Self {
        let welcome = self.hear().await;
        assert!(welcome.starts_with("[2,"), "{welcome}");
        self
    }

    /// Sends a message.
    pub(crate) async fn say(&mut self, message: &str) {
        self.transport.send(message.to_owned()).await.unwrap();
    }

    /// The next message.
    pub(crate) async fn hear(&mut self) -> String {
        String::from_utf8(self.transport.receive().await.unwrap().to_vec()).unwrap()
    }

    /// Sends a message, and gives the next one that comes.
    pub(crate) async fn ask(&mut self, message: &str) -> String {
        self.requests += 1;
        self.say(message).await;
        self.hear().await
    }

    /// Calls with arguments as they stand in a list, and gives the next message.
    pub(crate) async fn call(&mut self, procedure: &str, arguments: &str) -> String {
        let request = self.requests + 1;
        self.ask(&format!(r#"[48,{request},{{}},"{procedure}",[{arguments}]]"#)).await
    }

    /// Subscribes, and requires that it worked; gives the subscription's id.
    pub(crate) async fn subscribe(&mut self, topic: &str) -> String {
        let request = self.requests + 1;
        let subscribed = self.ask(&format!(r#"[32,{request},{{}},"{topic}"]"#)).await;
        let id = subscribed.strip_prefix(&format!("[33,{request},")).and_then(|rest| rest.strip_suffix(']'));
        id.unwrap_or_else(|| panic!("{subscribed}")).to_owned()
    }

    /// The next event, from its details on, without the ids before them.
    pub(crate) async fn event(&mut self) -> String {
        let event = self.hear().await;
        assert!(event.starts_with("[36,"), "{event}");
        event.splitn(4, ',').nth(3).unwrap_or_else(|| panic!("{event}")).to_owned()
    }
}
