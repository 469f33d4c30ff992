//! A client in the same process that says and hears JSON.

use serverwamp::memory::MemoryPeer;
use serverwamp::{Application, Serializer};

/// A session of some realm.
pub(crate) struct Peer {
    transport: MemoryPeer,
    requests: u64,
}

impl Peer {
    /// Says HELLO to `realm`, and requires a WELCOME.
    pub(crate) async fn join(app: &Application, realm: &str) -> Self {
        let mut transport = app.connect(Serializer::Json);
        let roles = r#"{"caller":{"features":{"progressive_call_results":true}},"subscriber":{},"publisher":{},"callee":{}}"#;
        transport.send(format!(r#"[1,"{realm}",{{"roles":{roles}}}]"#)).await.unwrap();
        let mut this = Self { transport, requests: 0 };
        let welcome = this.hear().await;
        assert!(welcome.starts_with("[2,"), "{welcome}");
        this
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
