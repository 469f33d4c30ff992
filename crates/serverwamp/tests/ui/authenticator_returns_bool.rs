//! An authenticator says yes, but not who the peer is.
use serverwamp::Realm;
use serverwamp::auth::{self, Ticket};

async fn check(Ticket(ticket): Ticket) -> bool {
    ticket.matches("secret")
}

fn main() {
    let _realm = Realm::<()>::new("secure").authenticator(auth::ticket(check));
}
