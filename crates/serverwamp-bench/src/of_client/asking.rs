//! A WebSocket without WAMP on the layers that carry the client, with as many callers, each of which waits for its own answer.
//!
//! What any client with calls under way has to do is done: each request is written anew with a number of its own, goes through the
//! outbox, is masked, and its answer wakes the task that waits for it. What is left out is WAMP, and values of the caller's types.

use super::ours::Until;
use super::{Contender, DEPTH};
use crate::Failure;
use crate::client::Client;
use crate::exchange::{Exchange, FIRST_ID, Format};
use crate::load::Turn;
use hyper_util::rt::TokioIo;
use serverwamp::rt::Tokio;
use serverwamp::websocket::EchoAsker;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

pub(crate) struct AskingClient {
    runtime: Runtime,
    asker: EchoAsker,
    exchange: Exchange,
}

impl AskingClient {
    pub(crate) fn connect(address: SocketAddr, format: Format) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = Client::websocket(address, None)?;
        client.set_nonblocking()?;
        let asker = {
            let _entered = runtime.enter();
            let io = TokioIo::new(TcpStream::from_std(client.stream)?);
            EchoAsker::on(io, format == Format::Json, number_of, &(Arc::new(Tokio) as _))
        };
        Ok(Self { runtime, asker, exchange: Exchange::echo_of(format) })
    }

    /// Asks so long, or so often.
    pub(crate) fn ask(&self, turn: Duration, each: u64) -> Result<u64, Failure> {
        let (asker, exchange) = (&self.asker, self.exchange);
        self.runtime.block_on(async {
            let until = Arc::new(Until::new(each));
            let callers: Vec<_> = (0..DEPTH)
                .map(|_| tokio::spawn(ask_until(asker.clone(), exchange, Arc::clone(&until))))
                .collect();
            until.all(turn, callers).await
        })
    }
}

impl Contender for AskingClient {
    fn run(&mut self, turn: Duration) -> Result<Turn, Failure> {
        Turn::of_this_process(|| self.ask(turn, u64::MAX))
    }
}

/// The number that an answer begins with: digits, and then something else.
fn number_of(answer: &[u8]) -> Option<u64> {
    let digits = answer.iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    number.checked_sub(FIRST_ID)
}

/// Asks again and again, each time after the answer; how often.
async fn ask_until(asker: EchoAsker, exchange: Exchange, until: Arc<Until>) -> Result<u64, String> {
    let length = exchange.request_len();
    let mut answers = 0;
    while until.goes_on(answers) {
        let asked = asker.ask(|number, out| exchange.request(FIRST_ID + number, out)).await;
        let answer = asked.ok_or("the server ended the connection")?;
        // Its number is right, or it would not be here.
        if answer.len() != length || answer[length - 1] != b'.' {
            return Err("an answer is not what was sent".to_owned());
        }
        answers += 1;
    }
    Ok(answers)
}
