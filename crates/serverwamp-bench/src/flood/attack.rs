//! The floods themselves: each asks for several times what the limits allow, and leaves its peers as they then are.

use super::kind::{Kind, LONG, URI};
use super::steady;
use crate::Failure;
use crate::exchange::Format;
use crate::frame;
use crate::message::{Item, message};
use crate::peer::{Carrier, Peer, RECORD_END};
use serverwamp::Limits;
use serverwamp::websocket::WebSocketConfig;
use std::net::SocketAddr;
use std::time::Duration;

/// How many times more is asked for than the limits allow.
const TIMES: usize = 4;

/// Events for a crowd that are sent at once, and how often that is.
const CROWD_EVENTS: usize = 64;
const CROWD_TIMES: usize = 30;

/// A server that takes nothing for so long has stopped taking.
const STALLED: Duration = Duration::from_millis(150);

/// Makes a flood, and gives the peers that made it; until they are dropped, the server has to bear them.
pub(super) fn attack(kind: Kind, address: SocketAddr, attackers: usize) -> Result<Vec<Peer>, Failure> {
    let scene = Scene { address, attackers };
    match kind {
        Kind::Events => scene.events(kind.prediction(attackers < 4).bytes),
        Kind::SteadyResults => steady::results(address),
        Kind::SteadyFile => steady::file(address),
        Kind::SteadyEvents => steady::events(address, 100, 100_000, true),
        Kind::ManyEvents => steady::events(address, 4096, 64 << 10, false),
        Kind::Results => scene.results(),
        Kind::Calls => scene.calls("x", TIMES * Limits::default().calls_in_flight),
        Kind::LongCalls => scene.calls(&"x".repeat(LONG), TIMES * Limits::default().outgoing_bytes / LONG),
        Kind::SparseCalls => scene.sparse_calls(),
        Kind::Unanswered => scene.unanswered(),
        Kind::Rerouting => scene.rerouting(),
        Kind::Subscriptions => scene.names(32, 33, "topic", Limits::default().subscriptions),
        Kind::Registrations => scene.names(64, 65, "procedure", Limits::default().registrations),
        Kind::HalfMessages => scene.half_messages(),
        Kind::Compressed => scene.compressed(),
        Kind::Batches => scene.batches(),
        Kind::Handshakes => scene.handshakes(),
        Kind::Pings => scene.stream(&ping().repeat(1000), 160),
        Kind::Fragments => scene.fragments(),
        Kind::Crowd => scene.crowd(),
        _ => Ok(Vec::new()),
    }
}

struct Scene {
    address: SocketAddr,
    attackers: usize,
}

fn call(id: u64, procedure: &str, payload: &str) -> Vec<u8> {
    format!(r#"[48,{id},{{}},"{procedure}",["{payload}"]]"#).into_bytes()
}

fn ping() -> Vec<u8> {
    let mut ping = frame::unmasked_head(0x89, 125);
    ping.resize(ping.len() + 125, b'p');
    ping
}

impl Scene {
    fn sessions(&self, carrier: Carrier) -> Result<Vec<Peer>, Failure> {
        (0..self.attackers).map(|_| Peer::join(self.address, carrier, Format::Json)).collect()
    }

    /// Sessions of both transports.
    fn mixed(&self) -> Result<Vec<Peer>, Failure> {
        let carriers = [Carrier::WebSocket, Carrier::RawSocket].into_iter().cycle();
        carriers.take(self.attackers).map(|carrier| Peer::join(self.address, carrier, Format::Json)).collect()
    }

    fn events(&self, predicted: u64) -> Result<Vec<Peer>, Failure> {
        let mut peers = self.mixed()?;
        for peer in &mut peers {
            peer.keep_little()?;
            peer.ask(33, 3, &[Item::Int(32), Item::Int(1), Item::Empty, Item::Text("flood.topic")])?;
        }
        let mut publisher = Peer::join(self.address, Carrier::WebSocket, Format::Json)?;
        let payload = "x".repeat(LONG);
        // Three times as much as may be kept; what the system's own buffers take comes on top.
        for id in 1..=3 * predicted / (self.attackers * LONG) as u64 {
            publisher.say(format!(r#"[16,{id},{{}},"flood.topic",["{payload}"]]"#).as_bytes())?;
        }
        peers.push(fence(publisher)?);
        Ok(peers)
    }

    fn results(&self) -> Result<Vec<Peer>, Failure> {
        let mut peers = self.mixed()?;
        let payload = "x".repeat(LONG);
        for peer in &mut peers {
            peer.keep_little()?;
            let frame = peer.frame(&call(1, "demo.echo", &payload));
            let mut left = TIMES * Limits::default().outgoing_bytes;
            while left >= frame.len() && peer.write_within(&frame, STALLED)? == frame.len() {
                left -= frame.len();
            }
        }
        Ok(peers)
    }

    fn calls(&self, payload: &str, many: usize) -> Result<Vec<Peer>, Failure> {
        let peers = self.mixed()?;
        let fill = |mut peer: Peer| {
            for id in 1..=many as u64 {
                peer.say(&call(id, "demo.keep", payload))?;
            }
            fence(peer)
        };
        peers.into_iter().map(fill).collect()
    }

    /// Between two calls comes so much else that the server reads them into different pieces of memory.
    fn sparse_calls(&self) -> Result<Vec<Peer>, Failure> {
        let peers = self.sessions(Carrier::WebSocket)?;
        let between = frame::unmasked_head(0x8a, 125);
        let between = [between, vec![b'p'; 125]].concat().repeat(500);
        let fill = |mut peer: Peer| {
            for id in 1..=(Limits::default().calls_in_flight / 4) as u64 {
                peer.say(&call(id, "demo.keep", "x"))?;
                peer.write(&between)?;
            }
            fence(peer)
        };
        peers.into_iter().map(fill).collect()
    }

    fn unanswered(&self) -> Result<Vec<Peer>, Failure> {
        let (mut callers, mut callees) = (self.mixed()?, self.mixed()?);
        for (number, (caller, callee)) in callers.iter_mut().zip(&mut callees).enumerate() {
            let procedure = format!("flood.unanswered.n{number}");
            callee.ask(65, 3, &[Item::Int(64), Item::Int(1), Item::Empty, Item::Text(&procedure)])?;
            for id in 1..=(2 * TIMES * Limits::default().calls_in_flight) as u64 {
                caller.say(&call(id, &procedure, "x"))?;
            }
        }
        callees.into_iter().chain(callers).map(fence).collect()
    }

    fn rerouting(&self) -> Result<Vec<Peer>, Failure> {
        let mut callees = [
            Peer::join(self.address, Carrier::WebSocket, Format::Json)?,
            Peer::join(self.address, Carrier::RawSocket, Format::Json)?,
        ];
        let round_robin = Item::Raw(br#"{"invoke":"roundrobin"}"#);
        for callee in &mut callees {
            callee.ask(65, 3, &[Item::Int(64), Item::Int(1), round_robin, Item::Text("flood.shared")])?;
        }
        let mut peers = self.mixed()?;
        let payload = "x".repeat(LONG);
        let mut turn = 0;
        for id in 1..=(TIMES * Limits::default().outgoing_bytes / LONG) as u64 {
            for peer in &mut peers {
                peer.say(&call(id, "flood.shared", &payload))?;
                // It reads what it is asked, and never answers.
                callees[turn % 2].hear_of(5, &[Item::Int(68)])?;
                turn += 1;
            }
        }
        peers.extend(callees);
        Ok(peers)
    }

    /// Asks for names of things, one after the other; answers begin with `answered` or say that there are too many.
    fn names(&self, asked: u64, answered: u64, what: &str, limit: usize) -> Result<Vec<Peer>, Failure> {
        let mut peers = self.mixed()?;
        for (number, peer) in peers.iter_mut().enumerate() {
            let tail = "x".repeat(URI - 40);
            for id in 1..=(TIMES * limit) as u64 {
                let name = format!("flood.{what}.peer{number:06}.n{id:06}.{tail}");
                peer.say(format!(r#"[{asked},{id},{{}},"{name}"]"#).as_bytes())?;
                // Some at once, and none of the answers is left unread.
                if id % 64 == 0 {
                    let granted = message(Format::Json, &[Item::Int(answered)]);
                    let refused = message(Format::Json, &[Item::Int(8), Item::Int(asked)]);
                    for _ in 0..64 {
                        let answer = peer.hear()?;
                        let begins = |like: &[u8]| answer.starts_with(&like[..like.len() - 1]);
                        if !begins(&granted) && !begins(&refused) {
                            return Err(format!("{name}: {}", answer.escape_ascii()).into());
                        }
                    }
                }
            }
        }
        Ok(peers)
    }

    fn half_messages(&self) -> Result<Vec<Peer>, Failure> {
        let mut peers = self.mixed()?;
        let most = WebSocketConfig::default().max_message;
        // Others announce more, and are thrown out.
        let beyond = self.mixed()?;
        for mut peer in beyond {
            let message = peer.frame(&vec![b'['; TIMES * most]);
            peer.write_within(&message[..message.len() - 1], STALLED)?;
            peers.push(peer);
        }
        for peer in peers.iter_mut().take(self.attackers) {
            let message = peer.frame(&vec![b'['; most]);
            peer.write(&message[..message.len() - 1])?;
        }
        Ok(peers)
    }

    fn compressed(&self) -> Result<Vec<Peer>, Failure> {
        let most = WebSocketConfig::default().max_message;
        let block = [&[0, 0x60, 0xea, 0x9f, 0x15][..], &[b' '; 60_000]].concat();
        let stored = block.repeat(TIMES * most / 60_000);
        let bomb = zeros(100 << 20);
        // Almost as much as may be and never the end; more than may be; what expands a thousand times.
        let all = [(&stored[..most / 60_005 * 60_005], 0x41), (&stored[..], 0x41), (&bomb[..], 0xc1)];
        let mut peers = Vec::new();
        for (bytes, first) in all.into_iter().cycle().take(3 * self.attackers) {
            let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
            let peer = Peer::open_with(self.address, Carrier::WebSocket, Format::Json, offer)?;
            let mut peer = peer.welcomed()?;
            let mut sent = frame::unmasked_head(first, bytes.len());
            sent.extend_from_slice(bytes);
            peer.write_within(&sent, STALLED)?;
            peers.push(peer);
        }
        Ok(peers)
    }

    fn batches(&self) -> Result<Vec<Peer>, Failure> {
        let mut peers = self.sessions(Carrier::Batches)?;
        let one = [&call(1, "demo.echo", "x")[..], &[RECORD_END]].concat();
        let mut batch = one.repeat(WebSocketConfig::default().max_message / one.len());
        batch.pop();
        for peer in &mut peers {
            peer.keep_little()?;
            let frame = peer.frame(&batch);
            for _ in 0..TIMES * 4 {
                if peer.write_within(&frame, STALLED)? < frame.len() {
                    break;
                }
            }
        }
        Ok(peers)
    }

    fn handshakes(&self) -> Result<Vec<Peer>, Failure> {
        let mut peers = Vec::new();
        for number in 0..self.attackers {
            let carrier = [Carrier::WebSocket, Carrier::RawSocket][usize::from(number % 8 == 0)];
            let mut peer = Peer::connect(self.address, carrier, Format::Json)?;
            let handshake = match carrier {
                Carrier::RawSocket => carrier.handshake(Format::Json, ""),
                _ => carrier.handshake(Format::Json, &format!("X-Much: {}\r\n", "x".repeat(12_000))),
            };
            peer.write(&handshake[..handshake.len() - 1])?;
            peers.push(peer);
        }
        Ok(peers)
    }

    fn fragments(&self) -> Result<Vec<Peer>, Failure> {
        let first = frame::unmasked_head(0x01, 0);
        let more = frame::unmasked_head(0x00, 0).repeat(10_000);
        let mut peers = self.sessions(Carrier::WebSocket)?;
        for peer in &mut peers {
            peer.write(&first)?;
            for _ in 0..40 {
                peer.write(&more)?;
            }
        }
        Ok(peers)
    }

    /// Everybody reads everything, and when they have, the next events come.
    fn crowd(&self) -> Result<Vec<Peer>, Failure> {
        let mut peers = self.sessions(Carrier::WebSocket)?;
        for peer in &mut peers {
            peer.ask(33, 3, &[Item::Int(32), Item::Int(1), Item::Empty, Item::Text("flood.crowd")])?;
        }
        let mut publisher = Peer::join(self.address, Carrier::WebSocket, Format::Json)?;
        let mut id = 0;
        for _ in 0..CROWD_TIMES {
            let mut events = Vec::new();
            for _ in 0..CROWD_EVENTS {
                id += 1;
                let event = format!(r#"[16,{id},{{}},"flood.crowd",["as long as events often are: {id}"]]"#);
                events.extend(publisher.frame(event.as_bytes()));
            }
            publisher.write(&events)?;
            for peer in &mut peers {
                for _ in 0..CROWD_EVENTS {
                    peer.hear_of(5, &[Item::Int(36)])?;
                }
            }
        }
        peers.push(publisher);
        Ok(peers)
    }

    /// Sends the same again and again, as long as the server takes it.
    fn stream(&self, bytes: &[u8], times: usize) -> Result<Vec<Peer>, Failure> {
        let mut peers = self.sessions(Carrier::WebSocket)?;
        for peer in &mut peers {
            peer.keep_little()?;
            for _ in 0..times {
                if peer.write_within(bytes, STALLED)? < bytes.len() {
                    break;
                }
            }
        }
        Ok(peers)
    }
}

/// Waits until the server has looked at all that was sent.
fn fence(mut peer: Peer) -> Result<Peer, Failure> {
    let id = 1_000_000;
    peer.ask(33, 3, &[Item::Int(32), Item::Int(id), Item::Empty, Item::Text("flood.fence")])?;
    Ok(peer)
}

/// So many zeros as one block of DEFLATE: after the first, each match of 258 zeros takes 13 bits.
fn zeros(many: usize) -> Vec<u8> {
    // The head of a block with the fixed codes, and the first zero, whose code is 0011_0000 from its first bit on.
    let (mut bits, mut length) = (0b010 | 0b0000_1100 << 3, 11);
    let mut bytes = Vec::with_capacity(many / 158 + 8);
    // A match of 258, whose code is 1100_0101 from its first bit on, one octet back; then the end of the block, the head of
    // an empty one, and what fills the last octet.
    let matches = std::iter::repeat_n((0b1010_0011_u32, 13), many / 258);
    for (code, more) in matches.chain([(0, 7), (0, 3), (0, 7)]) {
        bits |= code << length;
        length += more;
        while length >= 8 {
            bytes.push(bits as u8);
            (bits, length) = (bits >> 8, length - 8);
        }
    }
    bytes
}
