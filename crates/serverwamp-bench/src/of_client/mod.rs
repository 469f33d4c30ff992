//! What calls cost a client: ours beside WebSockets that carry as many bytes, and beside clients of other languages.
//!
//! Of the two WebSockets one is as little as a program can do: it sends one prepared frame again and again, from one loop that
//! reads and writes the socket itself, numbers nothing and wakes nobody. The other one is on the same layers as our client and does
//! what every client with calls under way has to; it is the measure of ours.
//!
//! The server runs in a process of its own, so that what is counted is the client's processor time alone. Clients take turns
//! in short rounds, each with the same number of calls in flight on one connection. Ours and the WebSockets run on a
//! runtime of one thread in this process, the others in children that say how many calls they made. Every answer is checked.

mod asking;
mod ours;
mod raw;
mod script;

pub(crate) use asking::AskingClient;
pub(crate) use ours::OurClient;

use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::Format;
use crate::lane::ratio;
use crate::load::Turn;
use crate::machine::{self, Busy};
use crate::options::{ClientOptions, ServerKind};
use crate::statistics::{least, median};
use std::time::Duration;

/// Calls in flight on a connection.
pub(crate) const DEPTH: usize = 64;

/// What our client may take, as a multiple of the WebSocket that asks.
const GOAL: f64 = 1.5;

/// A client with one connection that is busy when it is told to be.
trait Contender {
    /// Makes calls for so long, and awaits the answers of all.
    fn run(&mut self, turn: Duration) -> Result<Turn, Failure>;
}

/// A contender, and its turns so far.
struct Entry {
    name: String,
    contender: Box<dyn Contender>,
    turns: Vec<Turn>,
}

pub(crate) fn run(options: &ClientOptions) -> Result<(), Failure> {
    println!("{}", machine::describe());
    let (rounds, turn) = match options.quick {
        true => (2, Duration::from_millis(30)),
        false => (options.rounds, Duration::from_millis(500)),
    };
    let (server_cpu, load_cpu) = machine::two_processors().unzip();
    if let Some(cpu) = load_cpu {
        machine::pin(&[cpu])?;
    }
    let busy = Busy::now()?;
    {
        let echo = ServerProcess::start(ServerKind::Echo, server_cpu)?;
        let wamp = ServerProcess::start(ServerKind::Wamp, server_cpu)?;
        for format in Format::ALL {
            compare(options, format, (&echo, &wamp), (rounds, turn))?;
        }
    }
    println!("\nother programs kept {:.2} processors busy", busy.others_since()?);
    Ok(())
}

fn compare(
    options: &ClientOptions,
    format: Format,
    (echo, wamp): (&ServerProcess, &ServerProcess),
    (rounds, turn): (u32, Duration),
) -> Result<(), Failure> {
    let entry = |name: &str, contender| Entry { name: name.to_owned(), contender, turns: Vec::new() };
    let mut entries = vec![
        entry("bare WebSocket", Box::new(raw::RawClient::connect(echo.address, format)?)),
        entry("asking WebSocket", Box::new(AskingClient::connect(echo.address, format)?)),
        entry("serverwamp::client", Box::new(OurClient::connect(wamp.address, format)?)),
    ];
    println!("\n{} calls in flight on one connection, {}", DEPTH, format.name());
    for other in script::OTHERS {
        match other.start(options, wamp.address, format) {
            Ok(client) => entries.push(entry(other.name, Box::new(client))),
            Err(reason) => println!("skipped: {}: {reason}", other.name),
        }
    }
    for round in 0..=rounds {
        for Entry { contender, turns, .. } in &mut entries {
            // The first turn is for buffers that grow, and for compilers at run time.
            let spent = contender.run(turn)?;
            if round > 0 {
                turns.push(spent);
            }
        }
    }
    print(&entries);
    Ok(())
}

fn print(entries: &[Entry]) {
    let [bare, asking, ..] = entries else { return };
    println!(
        "{:<24} {:>8} {:>8} {:>9} {:>7} {:>7} {:>7}  goal",
        "client", "cpu us", "cpu us", "calls/s", "ratio", "to", "to bare"
    );
    println!(
        "{:<24} {:>8} {:>8} {:>9} {:>7} {:>7} {:>7}",
        "", "least", "median", "median", "asking", "least", "least"
    );
    let cheapest = |entry: &Entry| least(entry.turns.iter().map(Turn::cpu_micros_each));
    for (place, entry) in entries.iter().enumerate() {
        let among = ratio(&entry.turns, &asking.turns);
        let [to_asking, to_bare] = [asking, bare].map(|other| cheapest(entry) / cheapest(other));
        let goal = match place {
            2 if among <= GOAL => format!("<= {GOAL} reached"),
            2 => format!("<= {GOAL} NOT reached"),
            _ => String::new(),
        };
        println!(
            "{:<24} {:>8.3} {:>8.3} {:>9.0} {among:>7.2} {to_asking:>7.2} {to_bare:>7.2}  {goal}",
            entry.name,
            cheapest(entry),
            median(entry.turns.iter().map(Turn::cpu_micros_each)),
            median(entry.turns.iter().map(Turn::each_second)),
        );
    }
}
