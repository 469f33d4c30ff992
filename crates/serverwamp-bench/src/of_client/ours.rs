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

pub(super) struct OurClient {
    runtime: Runtime,
    client: Client,
}

impl OurClient {
    pub(super) fn connect(address: SocketAddr, format: Format) -> Result<Self, Failure> {
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

impl Contender for OurClient {
    fn run(&mut self, turn: Duration) -> Result<Turn, Failure> {
        let client = &self.client;
        Turn::of_this_process(|| {
            self.runtime.block_on(async {
                // A look at the clock for each call would be counted as the client's.
                let over = Arc::new(AtomicBool::new(false));
                let callers: Vec<_> =
                    (0..DEPTH).map(|_| tokio::spawn(call_until(client.clone(), over.clone()))).collect();
                tokio::time::sleep(turn).await;
                over.store(true, Ordering::Relaxed);
                let mut calls = 0;
                for caller in callers {
                    calls += caller.await?.map_err(|error| format!("a call failed: {error}"))?;
                }
                Ok(calls)
            })
        })
    }
}

/// Calls again and again, each time after the answer; how often.
async fn call_until(client: Client, over: Arc<AtomicBool>) -> Result<u64, String> {
    let mut calls = 0;
    while !over.load(Ordering::Relaxed) {
        let a = 130 + (calls % 64) as i64;
        let sum: i64 = client.call("demo.add", (a, 50)).await.map_err(|error| error.to_string())?;
        if sum != a + 50 {
            return Err(format!("{a} and 50 make {sum}"));
        }
        calls += 1;
    }
    Ok(calls)
}
