//! Handlers of sessions return a value; nobody would get it.
use serverwamp::Realm;

async fn connected() -> u32 {
    7
}

async fn joined() -> u32 {
    7
}

fn main() {
    let _realm = Realm::<()>::new("realm1").on_connect(connected);
    let _realm = Realm::<()>::new("realm1").on_join(joined);
}
