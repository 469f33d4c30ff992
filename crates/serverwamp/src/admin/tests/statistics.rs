//! Statistics, the ticks of which come while somebody listens, and the commands for a program.

#![expect(clippy::disallowed_methods, reason = "a test measures the time that its runtime pretends")]

use super::{application, call, integer, operator};
use crate::base::locks::Mutex;
use crate::rt::BoxFuture;
use crate::{Admin, AdminPermission, Application, NodeControl, Realm, Value, WampError};
use std::sync::Arc;
use std::time::Duration;

fn realm<'v>(snapshot: &'v Value, name: &str) -> &'v Value {
    let realms = snapshot.get("realms").unwrap().as_list().unwrap();
    realms.iter().find(|realm| realm.get("realm").unwrap().as_str() == Some(name)).unwrap()
}

#[tokio::test]
async fn a_snapshot_has_what_was_counted() {
    let app = application([AdminPermission::Read]);
    let client = operator(&app).await;
    let guest = app.join("realm1").await.unwrap();
    guest.call::<(), _>("com.nothing", ()).await.unwrap_err();
    let snapshot = call(&client, "serverwamp.stats.snapshot", &[]).await.unwrap();
    let realm1 = realm(&snapshot, "realm1");
    assert_eq!(integer(realm1, "sessions"), 1);
    assert_eq!(integer(realm1, "messages.received CALL"), 1);
    assert_eq!(integer(realm1, "calls.no_such_procedure"), 1);
    assert_eq!(integer(&snapshot, "node.sessions"), 2);
    assert_eq!(integer(&snapshot, "realms_left_out"), 0);
}

#[tokio::test(start_paused = true)]
async fn every_listener_gets_one_tick_a_second_and_the_next_one_goes_on_when_the_first_leaves() {
    let app = application([AdminPermission::Read]);
    let clients = [operator(&app).await, operator(&app).await, operator(&app).await];
    let mut subscribers = Vec::new();
    for client in &clients {
        subscribers.push(client.subscribe("serverwamp.stats.tick").await.unwrap());
    }
    let began = tokio::time::Instant::now();
    for _ in 0..3 {
        for subscriber in &mut subscribers {
            let event = subscriber.recv().await.unwrap();
            let (tick,): (Value,) = event.bind().unwrap();
            assert_eq!(integer(&tick, "node.sessions"), 3);
        }
    }
    let took = began.elapsed();
    assert!((Duration::from_millis(2900)..Duration::from_millis(3200)).contains(&took), "{took:?}");
    drop(subscribers.remove(0));
    for _ in 0..2 {
        for subscriber in &mut subscribers {
            subscriber.recv().await.unwrap();
        }
    }
    let took = began.elapsed();
    assert!((Duration::from_millis(4900)..Duration::from_millis(6200)).contains(&took), "{took:?}");
}

/// Remembers what it was told.
#[derive(Clone, Default)]
struct Program(Arc<Mutex<Vec<String>>>);

impl Program {
    fn hear(&self, command: String) {
        self.0.lock().unwrap().push(command);
    }
}

impl NodeControl for Program {
    fn config(&self) -> BoxFuture<'_, Result<Value, WampError>> {
        Box::pin(async { Ok(Value::from("all of it")) })
    }

    fn reload(&self) -> BoxFuture<'_, Result<String, WampError>> {
        self.hear("reload".to_owned());
        Box::pin(async { Err(WampError::new("serverwamp.error.not_applied").arg("line 3")) })
    }

    fn drain(&self, within: Option<Duration>) -> BoxFuture<'_, Result<(), WampError>> {
        self.hear(format!("drain {within:?}"));
        Box::pin(async { Ok(()) })
    }

    fn log_level(&self, filter: Option<String>) -> BoxFuture<'_, Result<String, WampError>> {
        self.hear(format!("log {filter:?}"));
        Box::pin(async { Ok("info".to_owned()) })
    }
}

#[tokio::test]
async fn a_program_is_told_what_only_it_can_do() {
    let program = Program::default();
    let admin = Admin::new()
        .realm(|realm| realm.allow_anonymous("operator"))
        .role("operator", AdminPermission::ALL)
        .control(program.clone());
    let realm = Realm::router("realm1").allow_anonymous("guest");
    let app = Application::builder().realm(realm).admin(admin).build().unwrap();
    let client = operator(&app).await;
    let config = call(&client, "serverwamp.node.config", &[]).await.unwrap();
    assert_eq!(config.get("config").unwrap().as_str(), Some("all of it"));
    let error = call(&client, "serverwamp.node.reload", &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "serverwamp.error.not_applied: line 3");
    call(&client, "serverwamp.node.drain", &[]).await.unwrap();
    call(&client, "serverwamp.node.drain", &[("within_ms", Value::from(1500))]).await.unwrap();
    let former =
        call(&client, "serverwamp.node.log_level", &[("filter", Value::from("debug"))]).await.unwrap();
    assert_eq!(former.get("former").unwrap().as_str(), Some("info"));
    assert_eq!(
        *program.0.lock().unwrap(),
        ["reload", "drain None", "drain Some(1.5s)", "log Some(\"debug\")"]
    );
}
