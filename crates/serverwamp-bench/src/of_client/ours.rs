//! Our client, on a runtime of one thread.

use super::{Contender, DEPTH};
use crate::Failure;
use crate::exchange::Format;
use crate::load::Turn;
use serverwamp::client::Client;
use serverwamp_proto::codec::Serializer;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

pub(crate) struct OurClient {
    runtime: Runtime,
    client: Client,
}

impl OurClient {
    pub(crate) fn connect(address: SocketAddr, format: Format) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let serializer = match format {
            Format::Json => Serializer::Json,
            Format::MsgPack => Serializer::MessagePack,
            Format::Cbor => Serializer::Cbor,
        };
        let client = runtime.block_on(async {
            Client::connect(format!("ws://{address}/ws")).serializer(serializer).realm("realm1").await
        })?;
        Ok(Self { runtime, client })
    }
}

/// When callers stop: after so many calls each, or when they are told to.
pub(super) struct Until {
    each: u64,
    /// A look at the clock for each call would be counted as the client's.
    over: AtomicBool,
}

impl Until {
    pub(super) fn new(each: u64) -> Self {
        Self { each, over: AtomicBool::new(false) }
    }

    /// Whether a caller with so many calls behind it makes another one.
    pub(super) fn goes_on(&self, calls: u64) -> bool {
        calls < self.each && !self.over.load(Ordering::Relaxed)
    }

    /// Tells the callers to stop after this time, unless they stop by themselves, and returns how many calls they made.
    pub(super) async fn all(
        &self,
        turn: Duration,
        callers: Vec<JoinHandle<Result<u64, String>>>,
    ) -> Result<u64, Failure> {
        if self.each == u64::MAX {
            tokio::time::sleep(turn).await;
            self.over.store(true, Ordering::Relaxed);
        }
        let mut calls = 0;
        for caller in callers {
            calls += caller.await?.map_err(|error| format!("a call failed: {error}"))?;
        }
        Ok(calls)
    }
}

impl OurClient {
    /// Calls so long, or so often.
    pub(crate) fn call(&self, turn: Duration, each: u64) -> Result<u64, Failure> {
        let client = &self.client;
        self.runtime.block_on(async {
            let until = Arc::new(Until::new(each));
            let callers: Vec<_> =
                (0..DEPTH).map(|_| tokio::spawn(call_until(client.clone(), Arc::clone(&until)))).collect();
            until.all(turn, callers).await
        })
    }
}

impl Contender for OurClient {
    fn run(&mut self, turn: Duration) -> Result<Turn, Failure> {
        Turn::of_this_process(|| self.call(turn, u64::MAX))
    }
}

/// Calls again and again, each time after the answer; how often.
async fn call_until(client: Client, until: Arc<Until>) -> Result<u64, String> {
    let mut calls = 0;
    while until.goes_on(calls) {
        let a = 130 + (calls % 64) as i64;
        let sum: i64 = client.call("demo.add", (a, 50)).await.map_err(|error| error.to_string())?;
        if sum != a + 50 {
            return Err(format!("{a} and 50 make {sum}"));
        }
        calls += 1;
    }
    Ok(calls)
}
