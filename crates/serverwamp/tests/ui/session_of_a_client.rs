// A client has no session of its callers.
use serverwamp::Session;
use serverwamp::WampError;
use serverwamp::client::Client;
use serverwamp::extract::Arg;

async fn whoami(Arg(_polite): Arg<bool>, session: Session) -> String {
    session.authid().to_owned()
}

async fn serve(client: Client) -> Result<(), WampError> {
    let _whoami = client.register("demo.whoami", whoami).await?;
    Ok(())
}

fn main() {}
