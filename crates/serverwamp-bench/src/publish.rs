//! Events that a router passes from one client to others, beside bare echoes of as many frames as long.

use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::{Exchange, FIRST_ID, Format};
use crate::lane::{Figures, Lane, ratio, take_turns};
use crate::load::Load;
use crate::message::{Item, message};
use crate::options::{Plan, ServerKind};
use crate::publishing::{Publishing, event_body};
use serde::Serialize;

/// Publications that a publisher sends at once.
pub(crate) const BURST: usize = 64;

/// Events of one kind, and their echo.
#[derive(Debug, Serialize)]
pub(crate) struct PublishRow {
    pub(crate) subscribers: usize,
    pub(crate) burst: usize,
    pub(crate) serializers: Serializers,
    pub(crate) acknowledged: bool,
    pub(crate) event_bytes: usize,
    /// Of frames as long as an event, on as many connections.
    pub(crate) echo: Figures,
    /// Per delivered event; the latency is that of the last subscriber, for the whole burst.
    pub(crate) events: Figures,
    pub(crate) ratio: f64,
    pub(crate) ratio_of_least: f64,
    /// Processor time of an event, in microseconds.
    pub(crate) goal: Option<f64>,
}

/// Which serializers publisher and subscribers use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Serializers {
    All(Format),
    /// The publisher JSON, the subscribers each of them in turn.
    Mixed,
}

impl Serializers {
    const ALL: [Self; 4] =
        [Self::All(Format::Json), Self::All(Format::MsgPack), Self::All(Format::Cbor), Self::Mixed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::All(format) => format.name(),
            Self::Mixed => "mixed",
        }
    }

    pub(crate) const fn publisher(self) -> Format {
        match self {
            Self::All(format) => format,
            Self::Mixed => Format::Json,
        }
    }

    pub(crate) const fn subscriber(self, index: usize) -> Format {
        match self {
            Self::All(format) => format,
            Self::Mixed => Format::ALL[index % Format::ALL.len()],
        }
    }
}

pub(crate) fn measure(plan: &Plan) -> Result<Vec<PublishRow>, Failure> {
    let echo = ServerProcess::start(ServerKind::Echo, plan.server_cpu)?;
    let router = ServerProcess::start(ServerKind::Router, plan.server_cpu)?;
    let mut rows = Vec::new();
    for subscribers in [1, 64.min(plan.subscribers), plan.subscribers] {
        for serializers in Serializers::ALL {
            let event_bytes = event_len(serializers.publisher());
            let of_events = Exchange::Echo(serializers.publisher(), event_bytes);
            let load = Load::connect(&echo, of_events, subscribers, BURST)?;
            let mut echoes = Lane::new(&echo, load);
            let events = |acknowledged| {
                let topic = if acknowledged { "bench.acknowledged" } else { "bench.unacknowledged" };
                let places = [("realm1", topic)];
                Publishing::connect(&router, &places, serializers, subscribers, (BURST, acknowledged))
            };
            let mut silent = Lane::new(&router, events(false)?);
            let mut acknowledged = Lane::new(&router, events(true)?);
            take_turns(plan, [&mut echoes, &mut silent, &mut acknowledged])?;
            for (events, acknowledged) in [(&mut silent, false), (&mut acknowledged, true)] {
                let (echoed, delivered) = (echoes.figures(), events.figures());
                rows.push(PublishRow {
                    subscribers,
                    burst: BURST,
                    serializers,
                    acknowledged,
                    event_bytes,
                    echo: echoed,
                    events: delivered,
                    ratio: ratio(&events.turns, &echoes.turns),
                    ratio_of_least: delivered.cpu_least / echoed.cpu_least,
                    goal: (subscribers == 64).then_some(0.3),
                });
            }
        }
    }
    Ok(rows)
}

/// How long an event is, roughly: ids are random and not all equally long.
fn event_len(format: Format) -> usize {
    let mut body = message(format, &[Item::Int(36), Item::Int(1000), Item::Int(1 << 52)]);
    event_body(format, FIRST_ID, &mut body);
    body.len()
}
