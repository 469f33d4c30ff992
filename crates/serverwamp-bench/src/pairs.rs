//! Served and routed calls of this build beside the echo of another one, in turns: what makes the layers under WAMP cheaper makes our
//! own echo cheaper as well, and the other one stays what it was.

use crate::Failure;
use crate::child::ServerProcess;
use crate::exchange::{Exchange, Format};
use crate::lane::{Lane, ratio};
use crate::load::{Load, Turn};
use crate::machine::{self, Busy};
use crate::options::{PairsOptions, ServerKind};
use crate::routed::RoutedCalls;
use crate::statistics::{least, median};
use std::time::Duration;

/// Connections, and requests in flight on each.
const POINT: (usize, usize) = (64, 64);

pub(crate) fn run(options: &PairsOptions) -> Result<(), Failure> {
    println!("{}", machine::describe());
    let (server_cpu, load_cpu) = machine::two_processors().unzip();
    if let Some(cpu) = load_cpu {
        machine::pin(&[cpu])?;
    }
    let turn = Duration::from_secs_f64(options.secs.clamp(0.001, 3600.0));
    let busy = Busy::now()?;
    {
        let other = ServerProcess::of_build(&options.echo, ServerKind::Echo, server_cpu)?;
        let [echo, wamp, router] = [ServerKind::Echo, ServerKind::Wamp, ServerKind::Router]
            .map(|kind| ServerProcess::start(kind, server_cpu));
        let (echo, wamp, router) = (echo?, wamp?, router?);
        for format in Format::ALL {
            let (connections, depth) = POINT;
            let load = |server, exchange| Load::connect(server, exchange, connections, depth);
            let routed = RoutedCalls::connect(&router, &["realm1"], connections, depth, (format, format))?;
            let mut lanes = [
                ("the other build's echo", Lane::new(&other, load(&other, Exchange::echo_of(format))?)),
                ("our echo", Lane::new(&echo, load(&echo, Exchange::echo_of(format))?)),
                ("served call", Lane::new(&wamp, load(&wamp, Exchange::Call(format))?)),
                ("routed call", Lane::new(&router, routed)),
            ];
            crate::lane::rounds(options.rounds, turn, lanes.iter_mut().map(|(_, lane)| lane))?;
            print(format, &lanes);
        }
    }
    println!("\nother programs kept {:.2} processors busy", busy.others_since()?);
    Ok(())
}

fn print(format: Format, lanes: &[(&str, Lane<'_>)]) {
    println!("\n{} connections with {} in flight on each, {}", POINT.0, POINT.1, format.name());
    println!("{:<24} {:>12} {:>14} {:>24}", "", "least cpu us", "median cpu us", "to the other build's echo");
    let Some((_, reference)) = lanes.first() else { return };
    for (name, lane) in lanes {
        println!(
            "{name:<24} {:>12.3} {:>14.3} {:>24.2}",
            least(lane.turns.iter().map(Turn::cpu_micros_each)),
            median(lane.turns.iter().map(Turn::cpu_micros_each)),
            ratio(&lane.turns, &reference.turns),
        );
    }
}
