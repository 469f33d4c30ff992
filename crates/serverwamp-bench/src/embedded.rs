//! The gain of a second thread for a router whose peers are in the same process.
//!
//! There are no sockets and no load from elsewhere: what the peers do is done on the same threads, and on two processors two
//! threads can do twice as much, as long as they are not in each other's way. Every pair of caller and callee, and every
//! topic, is one task; each connection of the router is another. Eight threads on the same processors show whether more of them
//! are in each other's way, as they would be on as many processors.

use crate::Failure;
use crate::exchange::{FIRST_ID, Format};
use crate::message::{Item, beginning, last_id, message, write};
use crate::options::Plan;
use crate::publish::BURST;
use crate::publishing::event_body;
use crate::server::{BALLAST, REALMS, router};
use crate::statistics::median;
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use serverwamp::memory::MemoryPeer;
use serverwamp::{Application, Serializer};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// One kind of work on one thread, on two, and on eight.
#[derive(Debug, Serialize)]
pub(crate) struct EmbeddedRow {
    pub(crate) work: &'static str,
    pub(crate) realms: usize,
    /// Operations per second on each number of threads.
    pub(crate) each_second: [f64; 3],
    /// Processor time per operation, in microseconds, that of the peers included.
    pub(crate) cpu_micros: [f64; 3],
    /// Operations per second on two and on eight threads over those on one.
    pub(crate) factors: [f64; 2],
    /// Answers and events; every one was compared with the right one.
    pub(crate) answers: u64,
}

const THREADS: [usize; 3] = [1, 2, 8];

const PAIRS: usize = 64;
const TOPICS: usize = 8;
const SUBSCRIBERS: usize = 64;

/// Calls that are under way between two peers, as many as publications are in a burst.
const DEPTH: usize = BURST;

pub(crate) fn measure(plan: &Plan) -> Result<Vec<EmbeddedRow>, Failure> {
    if let (Some(server), Some(load)) = (plan.server_cpu, plan.load_cpu) {
        crate::machine::pin(&[server, load])?;
    }
    let mut rows = Vec::new();
    for realms in [1, REALMS.len()] {
        let calls = Router::on_threads(realms, Work::calls)?;
        rows.push(row(plan, "calls, 64 pairs x 64", realms, calls)?);
        let events = Router::on_threads(realms, Work::events)?;
        rows.push(row(plan, "events, 8 topics x 64", realms, events)?);
    }
    if let Some(load) = plan.load_cpu {
        crate::machine::pin(&[load])?;
    }
    Ok(rows)
}

fn row(
    plan: &Plan,
    work: &'static str,
    realms: usize,
    mut routers: [Router; 3],
) -> Result<EmbeddedRow, Failure> {
    let mut turns = THREADS.map(|_| Vec::new());
    for round in 0..=plan.rounds {
        for (router, turns) in routers.iter_mut().zip(&mut turns) {
            let turn = router.run(plan.turn)?;
            // Buffers grow and the processor learns; that is not counted.
            if round > 0 {
                turns.push(turn);
            }
        }
    }
    let [one, two, eight] = &turns;
    let factor =
        |many: &[Turn]| median(many.iter().zip(one).map(|(many, one)| many.each_second / one.each_second));
    let median_of = |value: fn(&Turn) -> f64| [one, two, eight].map(|turns| median(turns.iter().map(value)));
    Ok(EmbeddedRow {
        work,
        realms,
        each_second: median_of(|turn| turn.each_second),
        cpu_micros: median_of(|turn| turn.cpu_micros),
        factors: [factor(two), factor(eight)],
        answers: turns.iter().flatten().map(|turn| turn.operations).sum(),
    })
}

/// What was done in one turn.
struct Turn {
    operations: u64,
    each_second: f64,
    cpu_micros: f64,
}

/// A router on so many threads, and the work that its peers make.
struct Router {
    runtime: Runtime,
    work: Vec<Work>,
}

/// What one task does again and again.
enum Work {
    /// Calls and answers them.
    Calls { caller: MemoryPeer, callee: MemoryPeer, procedure: String, registration: Vec<u8>, next: u64 },
    /// Publishes, and receives as everybody who has subscribed; each has its own beginning of an event.
    Events { publisher: MemoryPeer, subscribers: Vec<(MemoryPeer, Vec<u8>)>, topic: String, next: u64 },
}

impl Router {
    /// One router for each number of threads.
    fn on_threads<F: Future<Output = Result<Vec<Work>, Failure>>>(
        realms: usize,
        work: impl Fn(Application, usize) -> F,
    ) -> Result<[Self; 3], Failure> {
        let [one, two, eight] = THREADS.map(|threads| Self::start(threads, realms, &work));
        Ok([one?, two?, eight?])
    }

    fn start<F: Future<Output = Result<Vec<Work>, Failure>>>(
        threads: usize,
        realms: usize,
        work: impl FnOnce(Application, usize) -> F,
    ) -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
        let app = router(std::convert::identity, Vec::new())?;
        let work = runtime.block_on(work(app, realms))?;
        Ok(Self { runtime, work })
    }

    /// Works for so long.
    fn run(&mut self, turn: Duration) -> Result<Turn, Failure> {
        let (started, cpu) = (Instant::now(), cpu_nanos());
        let end = started + turn;
        let tasks: Vec<_> = self
            .work
            .drain(..)
            .map(|mut work| {
                self.runtime.spawn(async move {
                    // Whoever allocates much here measures the allocator.
                    let (mut operations, mut buffer) = (0, Vec::new());
                    while Instant::now() < end {
                        operations += work.step(&mut buffer).await?;
                    }
                    Ok::<_, String>((work, operations))
                })
            })
            .collect();
        let mut operations = 0;
        for task in tasks {
            let (work, done) = self.runtime.block_on(task)??;
            self.work.push(work);
            operations += done;
        }
        let (took, cpu) = (started.elapsed(), cpu_nanos() - cpu);
        Ok(Turn {
            operations,
            each_second: operations as f64 / took.as_secs_f64(),
            cpu_micros: cpu as f64 / 1000.0 / operations as f64,
        })
    }
}

/// Processor time that this process has used.
fn cpu_nanos() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

pub(crate) async fn join(app: &Application, realm: &str) -> Result<MemoryPeer, Failure> {
    let mut peer = app.connect(Serializer::Json);
    let hello = format!(
        r#"[1,"{realm}",{{"roles":{{"caller":{{}},"callee":{{}},"publisher":{{}},"subscriber":{{}}}}}}]"#
    );
    let welcome = ask(&mut peer, hello.as_bytes()).await?;
    if !welcome.starts_with(b"[2,") {
        return Err(format!("no WELCOME but {}", welcome.escape_ascii()).into());
    }
    Ok(peer)
}

async fn ask(peer: &mut MemoryPeer, message: &[u8]) -> Result<Vec<u8>, Failure> {
    peer.send(message).await?;
    Ok(peer.receive().await?.to_vec())
}

/// Registers or subscribes, and gives the id.
pub(crate) async fn granted(peer: &mut MemoryPeer, asked: u64, uri: &str) -> Result<Vec<u8>, Failure> {
    let items = [Item::Int(asked), Item::Int(1), Item::Empty, Item::Text(uri)];
    let answer = ask(peer, &message(Format::Json, &items)).await?;
    Ok(last_id(Format::Json, &answer, &beginning(Format::Json, 3, &[Item::Int(asked + 1), Item::Int(1)]))?)
}

impl Work {
    async fn calls(app: Application, realms: usize) -> Result<Vec<Self>, Failure> {
        let mut all = Vec::new();
        for index in 0..PAIRS {
            let realm = REALMS[index % realms];
            let procedure = format!("bench.embedded.n{index:02}");
            let (caller, mut callee) = (join(&app, realm).await?, join(&app, realm).await?);
            let registration = granted(&mut callee, 64, &procedure).await?;
            all.push(Self::Calls { caller, callee, procedure, registration, next: FIRST_ID });
        }
        Ok(all)
    }

    async fn events(app: Application, realms: usize) -> Result<Vec<Self>, Failure> {
        let mut all = Vec::new();
        for index in 0..TOPICS {
            let realm = REALMS[index % realms];
            let topic = format!("bench.embedded.n{index:02}");
            let mut subscribers = Vec::new();
            for _ in 0..SUBSCRIBERS {
                let mut peer = join(&app, realm).await?;
                let id = granted(&mut peer, 32, &topic).await?;
                subscribers.push((peer, beginning(Format::Json, 5, &[Item::Int(36), Item::Raw(&id)])));
            }
            all.push(Self::Events {
                publisher: join(&app, realm).await?,
                subscribers,
                topic,
                next: FIRST_ID,
            });
        }
        Ok(all)
    }

    /// Does one piece of its work; how many operations that were.
    async fn step(&mut self, buffer: &mut Vec<u8>) -> Result<u64, String> {
        match self {
            Self::Calls { caller, callee, procedure, registration, next } => {
                calls(caller, callee, procedure, registration, next, DEPTH, buffer).await
            }
            Self::Events { publisher, subscribers, topic, next } => {
                events(publisher, subscribers, topic, next, BURST, buffer).await
            }
        }
    }
}

pub(crate) async fn calls(
    caller: &mut MemoryPeer,
    callee: &mut MemoryPeer,
    procedure: &str,
    registration: &[u8],
    next: &mut u64,
    depth: usize,
    buffer: &mut Vec<u8>,
) -> Result<u64, String> {
    let first = *next;
    *next += depth as u64;
    for id in first..*next {
        let args = [Item::Int(id), Item::Int(50)];
        let items = [Item::Int(48), Item::Int(id), Item::Empty, Item::Text(procedure), Item::List(&args)];
        send(caller, &items, buffer).await?;
    }
    for id in first..*next {
        let (invocation, args) = (Item::Int(id - FIRST_ID + 1), [Item::Int(id), Item::Int(50)]);
        let items = [Item::Int(68), invocation, Item::Raw(registration), Item::Empty, Item::List(&args)];
        expect(callee, &items, buffer).await?;
        let sum = [Item::Int(id + 50)];
        send(callee, &[Item::Int(70), invocation, Item::Empty, Item::List(&sum)], buffer).await?;
    }
    for id in first..*next {
        let sum = [Item::Int(id + 50)];
        expect(caller, &[Item::Int(50), Item::Int(id), Item::Empty, Item::List(&sum)], buffer).await?;
    }
    Ok(depth as u64)
}

pub(crate) async fn events(
    publisher: &mut MemoryPeer,
    subscribers: &mut [(MemoryPeer, Vec<u8>)],
    topic: &str,
    next: &mut u64,
    burst: usize,
    buffer: &mut Vec<u8>,
) -> Result<u64, String> {
    let first = *next;
    *next += burst as u64;
    for number in first..*next {
        let args = [Item::Int(number), Item::Text(BALLAST)];
        let items = [Item::Int(16), Item::Int(number), Item::Empty, Item::Text(topic), Item::List(&args)];
        send(publisher, &items, buffer).await?;
    }
    for (subscriber, beginning) in subscribers.iter_mut() {
        for number in first..*next {
            buffer.clear();
            event_body(Format::Json, number, buffer);
            let event = subscriber.receive().await.map_err(|error| error.to_string())?;
            if !event.starts_with(beginning) || !event.ends_with(buffer) {
                return Err(format!("{} is not the next event", event.escape_ascii()));
            }
        }
    }
    Ok((burst * subscribers.len()) as u64)
}

pub(crate) async fn send(
    peer: &mut MemoryPeer,
    items: &[Item<'_>],
    buffer: &mut Vec<u8>,
) -> Result<(), String> {
    buffer.clear();
    write(Format::Json, items, buffer);
    peer.send(buffer).await.map_err(|error| error.to_string())
}

pub(crate) async fn expect(
    peer: &mut MemoryPeer,
    items: &[Item<'_>],
    buffer: &mut Vec<u8>,
) -> Result<(), String> {
    buffer.clear();
    write(Format::Json, items, buffer);
    let came = peer.receive().await.map_err(|error| error.to_string())?;
    if came == *buffer { Ok(()) } else { Err(format!("{} came", came.escape_ascii())) }
}
