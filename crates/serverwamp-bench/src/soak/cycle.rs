//! The life of one connection: all that sessions do, and an end that good clients and bad networks bring about.

use crate::Failure;
use crate::exchange::Format;
use crate::frame;
use crate::message::{Item, message};
use crate::peer::{Carrier, Peer};
use crate::tls::{Stream, TlsDoor};
use std::net::SocketAddr;

/// The end of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// GOODBYE, and the transport's own end.
    Goodbye,
    /// The transport's own end, without GOODBYE.
    Close,
    /// The writing half first, and then what the server still says.
    HalfClose,
    /// RST.
    Reset,
    /// In the middle of a frame.
    InFrame,
    /// In the middle of the opening handshake.
    InHandshake,
    /// Behind HELLO, before WELCOME is read.
    AfterHello,
    /// While calls are open: some that the application serves, one that a client does.
    WithCalls,
    /// Thrown out for a violation.
    Violation,
}

impl Ending {
    pub(super) const ALL: [Self; 9] = [
        Self::Goodbye,
        Self::Close,
        Self::HalfClose,
        Self::Reset,
        Self::InFrame,
        Self::InHandshake,
        Self::AfterHello,
        Self::WithCalls,
        Self::Violation,
    ];
}

/// Where to go in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Door<'a> {
    Plain(SocketAddr),
    Tls(&'a TlsDoor),
}

impl Door<'_> {
    /// What no two who come in at the same time have in common.
    const fn name(self) -> &'static str {
        match self {
            Self::Plain(_) => "plain",
            Self::Tls(_) => "tls",
        }
    }

    fn connect(self, number: u64) -> Result<Stream, Failure> {
        match self {
            Self::Plain(address) => Ok(Stream::connect(address)?),
            Self::Tls(door) => door.connect(number),
        }
    }
}

/// A connection that will end in its way.
#[derive(Debug)]
pub(super) struct Life {
    peer: Peer,
    ending: Ending,
}

impl Life {
    /// Connects, and does what sessions do. Which one it is decides over what carries it, its serializer and its end,
    /// so that all come together in time.
    pub(super) fn begin(door: Door<'_>, number: u64) -> Result<Self, Failure> {
        let choose = |among: usize, stride: u64| (number / stride % among as u64) as usize;
        let ending = Ending::ALL[choose(Ending::ALL.len(), 1)];
        let carrier = [Carrier::WebSocket, Carrier::RawSocket][choose(2, 9)];
        let format = Format::ALL[choose(3, 18)];
        let connect = || Ok::<_, Failure>(Peer::on(door.connect(number)?, carrier, format));
        let peer = match ending {
            Ending::InHandshake => {
                let (stream, handshake) = match door {
                    // Every other one does not even come to an end with TLS.
                    Door::Tls(tls) if choose(2, 9) == 0 => tls.connect_and_begin(number)?,
                    _ => (door.connect(number)?, carrier.handshake(format, "")),
                };
                let mut peer = Peer::on(stream, carrier, format);
                peer.write(&handshake[..1 + choose(handshake.len() - 1, 54)])?;
                peer
            }
            Ending::AfterHello => {
                let mut peer = connect()?.opened("")?;
                peer.say(&format.hello("realm1"))?;
                peer
            }
            _ => {
                let mut peer = connect()?.opened("")?.welcomed()?;
                work(&mut peer, &format!("soak.procedure.{}{number}", door.name()))?;
                peer
            }
        };
        Ok(Self { peer, ending })
    }

    /// Ends.
    pub(super) fn end(self) -> Result<(), Failure> {
        let Self { mut peer, ending } = self;
        match ending {
            Ending::Goodbye => {
                peer.tell(&[Item::Int(6), Item::Empty, Item::Text("wamp.close.close_realm")])?;
                peer.hear_of(3, &[Item::Int(6)])?;
                end_transport(peer)
            }
            Ending::Close => end_transport(peer),
            Ending::HalfClose => peer.finish(),
            Ending::Reset => peer.reset(),
            Ending::InFrame => {
                let frame = peer.frame(&[b'['; 5000]);
                peer.write_part(&frame, 4000)
            }
            Ending::WithCalls => {
                for _ in 0..3 {
                    let id = peer.next_request();
                    peer.tell(&[Item::Int(48), Item::Int(id), Item::Empty, Item::Text("demo.never")])?;
                }
                let id = peer.next_request();
                peer.tell(&[Item::Int(48), Item::Int(id), Item::Empty, Item::Text("soak.unanswered")])?;
                add(&mut peer)
            }
            Ending::Violation => {
                peer.tell(&[Item::Int(33), Item::Int(1), Item::Int(1)])?;
                peer.hear_of(3, &[Item::Int(3)])?;
                peer.finish()
            }
            Ending::InHandshake | Ending::AfterHello => Ok(()),
        }
    }
}

/// The closing handshake where there is one.
fn end_transport(mut peer: Peer) -> Result<(), Failure> {
    if peer.carrier == Carrier::WebSocket {
        let mut close = frame::unmasked_head(0x88, 2);
        close.extend_from_slice(&1000_u16.to_be_bytes());
        peer.write(&close)?;
    }
    peer.finish()
}

/// Everything once: a call, subscriptions, a publication, a registration of this procedure and a call of it.
fn work(peer: &mut Peer, procedure: &str) -> Result<(), Failure> {
    let format = peer.format;
    let args = Item::List(&[Item::Int(20), Item::Int(22)]);
    add(peer)?;
    for (options, topic) in [(Item::Empty, "soak.topic"), (Item::Raw(prefix(format)), "soak.prefix")] {
        let id = peer.next_request();
        peer.ask(33, 3, &[Item::Int(32), Item::Int(id), options, Item::Text(topic)])?;
    }
    let id = peer.next_request();
    let topic = Item::Text("soak.topic");
    peer.ask(17, 3, &[Item::Int(16), Item::Int(id), Item::Acknowledge, topic, args])?;
    let id = peer.next_request();
    peer.ask(65, 3, &[Item::Int(64), Item::Int(id), Item::Empty, Item::Text(procedure)])?;
    let call = peer.next_request();
    peer.tell(&[Item::Int(48), Item::Int(call), Item::Empty, Item::Text(procedure), args])?;
    peer.hear_of(5, &[Item::Int(68), Item::Int(1)])?;
    peer.tell(&[Item::Int(70), Item::Int(1), Item::Empty, args])?;
    peer.hear_of(4, &[Item::Int(50), Item::Int(call)])?;
    // One procedure that all serve and nobody answers.
    let id = peer.next_request();
    let shared = Item::Raw(round_robin(format));
    peer.ask(65, 3, &[Item::Int(64), Item::Int(id), shared, Item::Text("soak.unanswered")])?;
    Ok(())
}

/// A call that the application serves, with its result.
fn add(peer: &mut Peer) -> Result<(), Failure> {
    let id = peer.next_request();
    let args = Item::List(&[Item::Int(20), Item::Int(22)]);
    let call = [Item::Int(48), Item::Int(id), Item::Empty, Item::Text("demo.add"), args];
    let result = peer.ask(50, 4, &call)?;
    let sum = Item::List(&[Item::Int(42)]);
    if result != message(peer.format, &[Item::Int(50), Item::Int(id), Item::Empty, sum]) {
        return Err(format!("20 and 22 are {}", result.escape_ascii()).into());
    }
    Ok(())
}

const fn prefix(format: Format) -> &'static [u8] {
    match format {
        Format::Json => br#"{"match":"prefix"}"#,
        Format::MsgPack => b"\x81\xa5match\xa6prefix",
        Format::Cbor => b"\xa1\x65match\x66prefix",
    }
}

const fn round_robin(format: Format) -> &'static [u8] {
    match format {
        Format::Json => br#"{"invoke":"roundrobin"}"#,
        Format::MsgPack => b"\x81\xa6invoke\xaaroundrobin",
        Format::Cbor => b"\xa1\x66invoke\x6aroundrobin",
    }
}
