//! Instructions per operation, counted by `valgrind --tool=callgrind`: they are the same on a busy machine, so a change of one
//! part in a hundred can be seen.
//!
//! Router and peers are in one process, on a runtime of one thread; messages go through pipes in memory. What the peers
//! execute is counted as well: it is the same before and after a change of the router. Operations follow one another, so
//! that no turn ends because its time is up. A child process of this program does each work twice, the second time for
//! more operations; the difference is divided by the further operations, so that nothing of the start is in it.
//!
//! Of calls in a pipeline what the client executes is counted and nothing else: the server is in a process of its own.

use crate::Failure;
use crate::child::ServerProcess;
use crate::embedded::{calls, events, expect, granted, join, send};
use crate::exchange::{FIRST_ID, Format};
use crate::message::{Item, beginning};
use crate::of_client::{AskingClient, DEPTH, OurClient};
use crate::options::{InstructionsOptions, ServerKind};
use crate::server::{application, router};
use clap::ValueEnum;
use serverwamp::memory::MemoryPeer;
use serverwamp::{Actions, Realm, prefix, wildcard};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Operations of the shorter run, which warms buffers up as well, and of the longer one.
const OPERATIONS: [u64; 2] = [256, 1280];

/// Receivers of an event.
const SUBSCRIBERS: usize = 64;

/// What one operation is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Operation {
    /// A CALL that the application serves, and its RESULT.
    ServedCall,
    /// A CALL that another session serves: INVOCATION, YIELD and RESULT as well.
    RoutedCall,
    /// A PUBLISH and 64 EVENTs.
    EventTo64,
    /// A call in our client, with as many in flight as `client` measures.
    ClientCall,
    /// The same in a WebSocket without WAMP on the same layers.
    Asked,
}

pub(crate) fn run(options: &InstructionsOptions) -> Result<(), Failure> {
    if let (Some(operation), Some(address)) = (options.operation, options.address) {
        return of_client(operation, options, address);
    }
    if let Some(operation) = options.operation {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(work(operation, options));
    }
    let whose = match (options.permissions, options.uris) {
        (false, false) => "",
        (true, false) => ", of a role with permissions",
        (false, true) => ", with every URI counted",
        (true, true) => ", of a role with permissions, with every URI counted",
    };
    println!("| instructions per operation{whose} | peers included |");
    println!("| --- | --: |");
    for operation in Operation::value_variants() {
        let server = match operation {
            Operation::ClientCall => Some(ServerProcess::start(ServerKind::Wamp, None)?),
            Operation::Asked => Some(ServerProcess::start(ServerKind::Echo, None)?),
            _ => None,
        };
        let address = server.as_ref().map(|server| server.address);
        // Of what comes and goes over sockets, not all comes in the same pieces in every run: more of it.
        let times = if server.is_some() { DEPTH as u64 / 4 } else { 1 };
        let [few, many] =
            OPERATIONS.map(|count| count_instructions(*operation, count * times, options, address));
        let per_operation = (many? - few?) as f64 / ((OPERATIONS[1] - OPERATIONS[0]) * times) as f64;
        let name = operation.to_possible_value().map(|value| value.get_name().to_owned());
        println!("| {} | {per_operation:.0} |", name.unwrap_or_default());
    }
    Ok(())
}

/// Returns the number of instructions of a process that does `count` operations.
fn count_instructions(
    operation: Operation,
    count: u64,
    options: &InstructionsOptions,
    address: Option<SocketAddr>,
) -> Result<u64, Failure> {
    let name = operation.to_possible_value().ok_or("this operation has no name")?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["instructions", "--operation", name.get_name(), "--count", &count.to_string()])
        .args(options.permissions.then_some("--permissions"))
        .args(options.uris.then_some("--uris"))
        .args(address.map(|address| format!("--address={address}")))
        .arg(format!("--format={}", options.format.name()))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("valgrind does not start ({error}); Debian has it as `valgrind`"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the run under valgrind failed:\n{text}").into());
    }
    let collected =
        text.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    Ok(collected.ok_or_else(|| format!("valgrind names no count:\n{text}"))?.parse()?)
}

/// Makes `count` calls of a server in another process.
fn of_client(
    operation: Operation,
    options: &InstructionsOptions,
    address: SocketAddr,
) -> Result<(), Failure> {
    let (format, each) = (options.format, options.count / DEPTH as u64);
    let made = match operation {
        Operation::Asked => AskingClient::connect(address, format)?.ask(Duration::ZERO, each)?,
        _ => OurClient::connect(address, format)?.call(Duration::ZERO, each)?,
    };
    if made == options.count { Ok(()) } else { Err(format!("{made} calls were made").into()) }
}

/// Does `count` operations, and compares every answer with the right one.
async fn work(operation: Operation, options: &InstructionsOptions) -> Result<(), Failure> {
    let InstructionsOptions { count, permissions, .. } = *options;
    let mut buffer = Vec::new();
    let mut next = FIRST_ID;
    let role = if permissions { with_permissions } else { std::convert::identity };
    let uris = if options.uris { vec![prefix("demo."), prefix("bench.")] } else { Vec::new() };
    match operation {
        Operation::ServedCall => {
            let app = application(role, uris)?;
            let mut caller = join(&app, "realm1").await?;
            for id in FIRST_ID..FIRST_ID + count {
                served_call(&mut caller, id, &mut buffer).await?;
            }
        }
        Operation::RoutedCall => {
            let app = router(role, uris)?;
            let (mut caller, mut callee) = (join(&app, "realm1").await?, join(&app, "realm1").await?);
            let procedure = "bench.instructions";
            let registration = granted(&mut callee, 64, procedure).await?;
            while next < FIRST_ID + count {
                calls(&mut caller, &mut callee, procedure, &registration, &mut next, 1, &mut buffer).await?;
            }
        }
        Operation::ClientCall | Operation::Asked => return Err("its server is another process".into()),
        Operation::EventTo64 => {
            let app = router(role, uris)?;
            let topic = "bench.instructions";
            let mut subscribers = Vec::new();
            for _ in 0..SUBSCRIBERS {
                let mut peer = join(&app, "realm1").await?;
                let id = granted(&mut peer, 32, topic).await?;
                subscribers.push((peer, beginning(Format::Json, 5, &[Item::Int(36), Item::Raw(&id)])));
            }
            let mut publisher = join(&app, "realm1").await?;
            while next < FIRST_ID + count {
                events(&mut publisher, &mut subscribers, topic, &mut next, 1, &mut buffer).await?;
            }
        }
    }
    Ok(())
}

async fn served_call(caller: &mut MemoryPeer, id: u64, buffer: &mut Vec<u8>) -> Result<(), String> {
    let args = [Item::List(&[]), Item::Raw(br#"{"a":1,"b":2}"#)];
    let items = [Item::Int(48), Item::Int(id), Item::Empty, Item::Text("demo.add"), args[0], args[1]];
    send(caller, &items, buffer).await?;
    expect(caller, &[Item::Int(50), Item::Int(id), Item::Empty, Item::List(&[Item::Int(3)])], buffer).await
}

/// Gives everybody's role permissions as applications have them: a few prefixes, and exceptions to them.
fn with_permissions(realm: Realm) -> Realm {
    realm.role("anonymous", |role| {
        role.allow(Actions::CALL, prefix("demo."))
            .allow(Actions::ALL, prefix("bench."))
            .allow(Actions::CALL | Actions::SUBSCRIBE, prefix("shop."))
            .deny(Actions::ALL, prefix("bench.admin."))
            .deny(Actions::ALL, wildcard("..internal"))
    })
}
