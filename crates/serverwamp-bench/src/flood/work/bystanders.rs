//! The sessions beside the attackers, which make the attackers' input costly.

use super::super::kind::Kind;
use super::join;
use crate::Failure;
use crate::exchange::Format;
use crate::message::{Item, message};
use crate::peer::Peer;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::io::Errno;
use serverwamp::Limits;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Components of a wildcard pattern that are open in some patterns and not in others.
pub(super) const PATTERN_DEPTH: usize = 16;

/// Shared registrations whose callees are all unavailable, with their policies.
pub(super) const UNAVAILABLE: [(&str, &str); 2] =
    [("flood.unavailable.first", "first"), ("flood.unavailable.last", "last")];

/// The subscription whose history is kept; it is there from the beginning.
pub(super) const HISTORY: u64 = 1;

/// With what the topics of retained events begin.
pub(super) const RETAINED: &str = "flood.retained.";

/// Who has them retained, and to how many topics each publishes.
const RETAINING: usize = 4;
const RETAINED_TOPICS: u64 = 16;

/// How long an event of the history is.
const LONG: usize = 500_000;

/// Sessions that are there, and what they do meanwhile.
pub(super) struct Bystanders {
    kind: Kind,
    peers: Vec<Peer>,
}

impl Bystanders {
    pub(super) fn gather(kind: Kind, address: SocketAddr, quick: bool) -> Result<Self, Failure> {
        let many = |many: usize| if quick { many.div_ceil(20) } else { many };
        let sessions = match kind {
            Kind::Roles => many(3000),
            Kind::Patterns => many(64),
            Kind::Listing => many(100),
            Kind::Unavailable => many(2500),
            Kind::MetaEvents => many(500),
            Kind::History => 1,
            // One session may not have as much retained as all may together.
            Kind::Retained => RETAINING,
            _ => 0,
        };
        let mut peers = (0..sessions).map(|_| join(address)).collect::<Result<Vec<Peer>, _>>()?;
        let limits = Limits::default();
        for (number, peer) in peers.iter_mut().enumerate() {
            match kind {
                Kind::Patterns => {
                    ask_all(
                        peer,
                        &mut (0..limits.registrations).flat_map(|one| {
                            let pattern = pattern(number * limits.registrations + one);
                            [(64, pattern.clone()), (32, pattern)]
                        }),
                        r#"{"match":"wildcard"}"#,
                    )?;
                }
                Kind::Listing => {
                    let name = |one: usize| format!("flood.listed.n{number}.n{one}");
                    let (most, each) = (limits.subscriptions, many(limits.subscriptions));
                    ask_all(peer, &mut (0..each.min(most)).map(|one| (32, name(one))), "{}")?;
                    ask_all(peer, &mut (0..each.min(limits.registrations)).map(|one| (64, name(one))), "{}")?;
                }
                Kind::Unavailable => {
                    for (procedure, policy) in UNAVAILABLE {
                        let options = format!(r#"{{"invoke":"{policy}"}}"#);
                        ask_all(peer, &mut std::iter::once((64, procedure.to_owned())), &options)?;
                    }
                }
                Kind::MetaEvents => {
                    let topics = ["wamp.registration.", "wamp.subscription."].map(str::to_owned);
                    ask_all(peer, &mut topics.into_iter().map(|topic| (32, topic)), r#"{"match":"prefix"}"#)?;
                    peer.does_not_block()?;
                }
                Kind::History => {
                    let event = "x".repeat(LONG);
                    let publish =
                        |id| format!(r#"[16,{id},{{"acknowledge":true}},"flood.history",["{event}"]]"#);
                    publish_all(peer, if quick { 4 } else { 100 }, publish)?;
                }
                Kind::Retained => {
                    // Most of 64 MiB in lists of those who may have them, each event of a topic for others.
                    let publish = |id| {
                        let names = (0..3000).map(|one| format!(r#""somebody{number}.{id:06}.{one:06}""#));
                        let names = names.collect::<Vec<_>>().join(",");
                        let options =
                            format!(r#""acknowledge":true,"retain":true,"eligible_authid":[{names}]"#);
                        let topic = format!("{RETAINED}n{number}.n{}", id % RETAINED_TOPICS);
                        format!(r#"[16,{id},{{{options}}},"{topic}",["x"]]"#)
                    };
                    publish_all(peer, many(200) as u64, publish)?;
                }
                _ => {}
            }
        }
        Ok(Self { kind, peers })
    }

    /// What they do until it is over.
    pub(super) fn take_part(mut self, over: &AtomicBool) -> Result<(), Failure> {
        let is_over = || over.load(Ordering::Relaxed);
        match self.kind {
            // Each says that it has no time.
            Kind::Unavailable => say_unavailable(&mut self.peers, is_over)?,
            // They read, and do not look at it.
            Kind::MetaEvents => {
                let mut left = 200;
                while left > 0 {
                    let mut read = 0;
                    for peer in &mut self.peers {
                        read += peer.pass_over()?;
                    }
                    if read == 0 {
                        std::thread::sleep(Duration::from_millis(1));
                        left -= usize::from(is_over());
                    }
                }
            }
            _ => {
                while !is_over() {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        }
        Ok(())
    }
}

/// Answers every INVOCATION at once, until it is over and nobody has been asked for a while.
fn say_unavailable(peers: &mut [Peer], is_over: impl Fn() -> bool) -> Result<(), Failure> {
    const A_WHILE: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    // A look at each of the sockets would take longer than the server takes to ask the next callee.
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (index, peer) in peers.iter().enumerate() {
        peer.does_not_block()?;
        epoll::add(&poll, peer.socket(), epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN)?;
    }
    let mut events = Vec::with_capacity(256);
    loop {
        events.clear();
        match epoll::wait(&poll, spare_capacity(&mut events), Some(&A_WHILE)) {
            Ok(0) if is_over() => return Ok(()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let Some(peer) = peers.get_mut(event.data.u64() as usize) else { continue };
            while let Some(invocation) = peer.hear_at_once()? {
                let text = String::from_utf8(invocation)?;
                let id = text.split(',').nth(1).ok_or("an INVOCATION without an id")?;
                peer.say(format!(r#"[8,68,{id},{{}},"wamp.error.unavailable"]"#).as_bytes())?;
            }
        }
    }
}

/// A wildcard pattern that agrees with what is asked for in all but its last component.
fn pattern(number: usize) -> String {
    let open = |place: usize| if number >> place & 1 == 0 { "a." } else { "." };
    (0..PATTERN_DEPTH).map(open).collect::<String>() + "b"
}

/// Sends requests with these codes and URIs, and waits for as many answers, whatever they say.
fn ask_all(
    peer: &mut Peer,
    mut requests: &mut dyn Iterator<Item = (u64, String)>,
    options: &str,
) -> Result<(), Failure> {
    loop {
        let mut asked = 0;
        let mut all = Vec::new();
        for (code, uri) in (&mut requests).take(128) {
            let id = peer.next_request();
            let options = Item::Raw(options.as_bytes());
            let request = message(Format::Json, &[Item::Int(code), Item::Int(id), options, Item::Text(&uri)]);
            all.extend(peer.frame(&request));
            asked += 1;
        }
        if asked == 0 {
            return Ok(());
        }
        peer.write(&all)?;
        for _ in 0..asked {
            peer.hear()?;
        }
    }
}

fn publish_all(peer: &mut Peer, many: u64, publication: impl Fn(u64) -> String) -> Result<(), Failure> {
    for id in 1..=many {
        peer.say(publication(id).as_bytes())?;
        peer.hear()?;
    }
    Ok(())
}
