//! Peers that read steadily what others send faster than that: all of it arrives, and the server keeps no more than the limits
//! predict.

use crate::Failure;
use crate::exchange::Format;
use crate::message::Item;
use crate::peer::{Carrier, Peer};
use std::net::SocketAddr;
use std::thread::{scope, sleep};
use std::time::Duration;

/// Bytes in each millisecond of a peer that reads steadily: 4 MB/s.
const PACE: usize = 4000;

/// Results of so many bytes, and how many of them.
const RESULTS: u64 = 100;
const RESULT: usize = 100_000;

/// Pieces of a file of so many bytes, and how many of them.
const PIECES: u64 = 160;
const PIECE: usize = 64_000;

fn join(address: SocketAddr) -> Result<Peer, Failure> {
    Peer::join(address, Carrier::WebSocket, Format::Json)
}

fn register(callee: &mut Peer, procedure: &str) -> Result<(), Failure> {
    callee.ask(65, 3, &[Item::Int(64), Item::Int(1), Item::Empty, Item::Text(procedure)]).map(drop)
}

/// Hears of an invocation, whose id is its second element.
fn invocation(callee: &mut Peer) -> Result<u64, Failure> {
    let message = callee.hear_of(5, &[Item::Int(68)])?;
    let text = String::from_utf8(message)?;
    let id = text.split(',').nth(1).ok_or("no invocation")?;
    Ok(id.parse()?)
}

/// Waits as long as it takes to read so many bytes.
fn pace(bytes: usize) {
    sleep(Duration::from_millis((bytes / PACE) as u64));
}

/// Reads so many messages that begin with this code.
fn read(peer: &mut Peer, code: u64, messages: u64, bytes: Option<usize>) -> Result<(), Failure> {
    let beginning = format!("[{code},");
    for number in 0..messages {
        let message = peer.hear()?;
        if !message.starts_with(beginning.as_bytes()) {
            let begins = message.get(..200.min(message.len())).unwrap_or_default();
            return Err(format!("message {number} is {}", begins.escape_ascii()).into());
        }
        bytes.into_iter().for_each(pace);
    }
    Ok(())
}

/// Lets one peer say what another one reads.
fn while_reading(
    talk: impl FnOnce() -> Result<(), Failure> + Send,
    read: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    scope(|scope| {
        let talking = scope.spawn(|| talk().map_err(|failure| failure.to_string()));
        read()?;
        Ok(talking.join().map_err(|_| "a sender panicked")??)
    })
}

/// A hundred calls at once, and their results.
pub(super) fn results(address: SocketAddr) -> Result<Vec<Peer>, Failure> {
    let (mut caller, mut callee) = (join(address)?, join(address)?);
    register(&mut callee, "steady.results")?;
    let result = "x".repeat(RESULT);
    for id in 1..=RESULTS {
        caller.say(format!(r#"[48,{id},{{}},"steady.results"]"#).as_bytes())?;
    }
    let answer = || {
        for _ in 0..RESULTS {
            let id = invocation(&mut callee)?;
            callee.say(format!(r#"[70,{id},{{}},["{result}"]]"#).as_bytes())?;
        }
        Ok(())
    };
    while_reading(answer, || read(&mut caller, 50, RESULTS, Some(RESULT)))?;
    Ok(vec![caller, callee])
}

/// One call with many progressive results.
pub(super) fn file(address: SocketAddr) -> Result<Vec<Peer>, Failure> {
    let (mut caller, mut callee) = (join(address)?, join(address)?);
    register(&mut callee, "steady.file")?;
    let piece = "x".repeat(PIECE);
    caller.say(br#"[48,1,{"receive_progress":true},"steady.file"]"#)?;
    let answer = || {
        let id = invocation(&mut callee)?;
        for _ in 0..PIECES {
            callee.say(format!(r#"[70,{id},{{"progress":true}},["{piece}"]]"#).as_bytes())?;
        }
        callee.say(format!("[70,{id},{{}}]").as_bytes())
    };
    while_reading(answer, || {
        read(&mut caller, 50, PIECES, Some(PIECE))?;
        read(&mut caller, 50, 1, None)
    })?;
    Ok(vec![caller, callee])
}

/// Events for one subscriber, who reads as fast as it can or at its pace.
pub(super) fn events(
    address: SocketAddr,
    events: u64,
    bytes: usize,
    paced: bool,
) -> Result<Vec<Peer>, Failure> {
    let (mut subscriber, mut publisher) = (join(address)?, join(address)?);
    subscriber.ask(33, 3, &[Item::Int(32), Item::Int(1), Item::Empty, Item::Text("steady.events")])?;
    let event = "x".repeat(bytes);
    let publish = || {
        for id in 1..=events {
            publisher.say(format!(r#"[16,{id},{{}},"steady.events",["{event}"]]"#).as_bytes())?;
        }
        Ok(())
    };
    while_reading(publish, || read(&mut subscriber, 36, events, paced.then_some(bytes)))?;
    Ok(vec![subscriber, publisher])
}
