//! What the admin interface costs: an open tap and an open watch beside neither, pages with few and many sessions, statistics with many
//! listeners.

use crate::Failure;
use crate::child::{ServerProcess, cpu_nanos_of};
use crate::exchange::{Exchange, Format};
use crate::lane::{Lane, ratio};
use crate::load::{Load, Turn};
use crate::machine::{self, Busy};
use crate::options::{AdminCostOptions, Observed, ServerKind};
use crate::routed::RoutedCalls;
use crate::statistics::{least, median};
use serverwamp::client::Client;
use serverwamp::extract::Kwargs;
use serverwamp::{Admin, AdminPermission, Application, CallResult, Dict, Realm, Value};
use std::time::{Duration, Instant};

/// Connections, and requests in flight on each.
const POINTS: [(usize, usize); 2] = [(64, 1), (64, 64)];

/// How often a page is asked for, in each number of sessions.
const PAGES: usize = 301;

/// The consoles that are open. A realm has eight watches, so of ten two wait.
const CONSOLES: [usize; 4] = [0, 1, 8, 10];

/// How often a console asks what the node is and who was refused, and again for a watch that it did not get.
const ASKS: Duration = Duration::from_secs(5);
const ASKS_AGAIN: Duration = Duration::from_secs(3);

/// The listeners of the statistics, and the sessions of their realm.
const LISTENERS: [usize; 3] = [0, 1, 10];
const LISTENED_TO: usize = 10_000;

/// How long they are listened to.
const LISTENING: Duration = Duration::from_secs(5);

pub(crate) fn run(options: &AdminCostOptions) -> Result<(), Failure> {
    println!("{}", machine::describe());
    let busy = Busy::now()?;
    observed(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(pages_and_statistics(options))?;
    println!("\nother programs kept {:.2} processors busy", busy.others_since()?);
    Ok(())
}

/// Has somebody look at `realm1` from within the process, who is part of what is measured.
pub(crate) async fn observe(app: &Application, observed: Observed) -> Result<(), Failure> {
    app.realms().add(interface().into_realm())?;
    let client = app.join(Admin::REALM).await?;
    let procedure = match observed {
        Observed::Tap => "serverwamp.tap.open",
        Observed::Watch => "serverwamp.uri.watch",
    };
    let arguments: Dict = [("realm", "realm1")].into_iter().collect();
    let mut results = client.call::<CallResult, _>(procedure, Kwargs(arguments)).progressive();
    tokio::spawn(async move {
        while results.next().await.is_some() {}
        drop(client);
    });
    Ok(())
}

fn interface() -> Admin {
    let admin = Admin::new().realm(|realm| realm.allow_anonymous("operator"));
    admin.role("operator", AdminPermission::ALL)
}

/// Processor time of calls while nobody looks, and while somebody does.
fn observed(options: &AdminCostOptions) -> Result<(), Failure> {
    let (server_cpu, load_cpu) = machine::two_processors().unzip();
    if let Some(cpu) = load_cpu {
        machine::pin(&[cpu])?;
    }
    let turn = Duration::from_secs_f64(options.secs.clamp(0.001, 3600.0));
    let looks = [("nobody looks", None), ("a tap", Some(Observed::Tap)), ("a watch", Some(Observed::Watch))];
    for kind in [ServerKind::Wamp, ServerKind::Router] {
        let mut servers = Vec::new();
        for (name, observed) in looks {
            servers.push((name, ServerProcess::observed(kind, server_cpu, observed)?));
        }
        for (connections, depth) in POINTS {
            let mut lanes = Vec::new();
            for (name, server) in &servers {
                let lane = match kind {
                    ServerKind::Wamp => {
                        let call = Exchange::Call(Format::Json);
                        Lane::new(server, Load::connect(server, call, connections, depth)?)
                    }
                    _ => {
                        let formats = (Format::Json, Format::Json);
                        Lane::new(
                            server,
                            RoutedCalls::connect(server, &["realm1"], connections, depth, formats)?,
                        )
                    }
                };
                lanes.push((*name, lane));
            }
            crate::lane::rounds(options.rounds, turn, lanes.iter_mut().map(|(_, lane)| lane))?;
            let what = if kind == ServerKind::Wamp { "served" } else { "routed" };
            println!("\n{what} calls, {connections} connections with {depth} in flight on each, json");
            print(&lanes);
        }
    }
    Ok(())
}

fn print(lanes: &[(&str, Lane<'_>)]) {
    println!("{:<16} {:>12} {:>14} {:>16}", "", "least cpu us", "median cpu us", "to nobody looks");
    let Some((_, reference)) = lanes.first() else { return };
    for (name, lane) in lanes {
        println!(
            "{name:<16} {:>12.3} {:>14.3} {:>16.3}",
            least(lane.turns.iter().map(Turn::cpu_micros_each)),
            median(lane.turns.iter().map(Turn::cpu_micros_each)),
            ratio(&lane.turns, &reference.turns),
        );
    }
}

async fn pages_and_statistics(options: &AdminCostOptions) -> Result<(), Failure> {
    let realm = Realm::router("realm1").allow_anonymous("guest");
    let app = Application::builder()
        .realm(realm)
        .admin(interface())
        .limits(|limits| limits.connections = limits.connections.max(options.sessions + 100))
        .build()?;
    let tool = app.join(Admin::REALM).await?;
    println!(
        "\n{:<10} {:>24} {:>38}",
        "sessions", "a page of 100, median us", "a page whose filter fits none, median us"
    );
    let mut guests: Vec<Client> = Vec::new();
    for number in [100, LISTENED_TO, options.sessions] {
        while guests.len() < number {
            guests.push(app.join("realm1").await?);
        }
        let all = page(&tool, &[]).await?;
        let filter: Dict = [("authid", "nobody")].into_iter().collect();
        let none = page(&tool, &[("filter", Value::Dict(filter))]).await?;
        println!("{number:<10} {all:>24.1} {none:>38.1}");
        if number == LISTENED_TO {
            statistics(&app).await?;
            consoles(&app).await?;
        }
    }
    Ok(())
}

/// The median time from the question to the answer, in microseconds.
async fn page(tool: &Client, more: &[(&str, Value)]) -> Result<f64, Failure> {
    let mut times = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        let mut arguments: Dict = more.iter().map(|(name, value)| (*name, value.clone())).collect();
        arguments.insert("realm", "realm1");
        let began = Instant::now();
        let _page: Value = tool.call("serverwamp.session.query", Kwargs(arguments)).await?;
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(times))
}

/// Processor time of a second in which so many listen to the statistics.
async fn statistics(app: &Application) -> Result<(), Failure> {
    for listeners in LISTENERS {
        let mut tools = Vec::new();
        for _ in 0..listeners {
            let tool = app.join(Admin::REALM).await?;
            let mut ticks = tool.subscribe("serverwamp.stats.tick").await?;
            let heard = tokio::spawn(async move {
                let mut heard = 0_usize;
                while ticks.recv().await.is_some() {
                    heard += 1;
                }
                heard
            });
            tools.push((tool, heard));
        }
        let before = cpu_nanos_of(std::process::id())?;
        tokio::time::sleep(LISTENING).await;
        let used = cpu_nanos_of(std::process::id())? - before;
        let mut heard = Vec::new();
        for (tool, ticks) in tools {
            tool.leave().await;
            heard.push(ticks.await?);
        }
        let millis = used as f64 / 1e6 / LISTENING.as_secs_f64();
        println!(
            "           {listeners:>2} listeners of the statistics: {millis:.3} ms of processor time in a second, events {heard:?}"
        );
    }
    Ok(())
}

/// Processor time of a second in which so many consoles show their overview, in this process, which plays them too.
async fn consoles(app: &Application) -> Result<(), Failure> {
    for open in CONSOLES {
        let mut pages = Vec::new();
        for _ in 0..open {
            pages.push(tokio::spawn(console(app.clone())));
        }
        // Until the watches have begun to tell.
        tokio::time::sleep(LISTENING).await;
        let before = cpu_nanos_of(std::process::id())?;
        tokio::time::sleep(LISTENING * 2).await;
        let used = cpu_nanos_of(std::process::id())? - before;
        let ended = pages.iter().filter(|page| page.is_finished()).count();
        if ended > 0 {
            return Err(format!("{ended} of {open} consoles have ended").into());
        }
        pages.into_iter().for_each(|page| page.abort());
        let millis = used as f64 / 1e6 / (LISTENING * 2).as_secs_f64();
        println!("           {open:>2} open consoles: {millis:.3} ms of processor time in a second");
    }
    Ok(())
}

/// What a console at its overview has the server do, until it is aborted.
async fn console(app: Application) -> Result<(), serverwamp::WampError> {
    let _realm = app.join("realm1").await;
    let admin = app.join(Admin::REALM).await.map_err(serverwamp::WampError::internal)?;
    let mut ticks = admin.subscribe("serverwamp.stats.tick").await?;
    tokio::spawn(async move { while ticks.recv().await.is_some() {} });
    let asking = admin.clone();
    tokio::spawn(async move {
        loop {
            let _info = asking.call::<Value, _>("serverwamp.node.info", ()).await;
            let _denials = asking.call::<Value, _>("serverwamp.auth.recent", ()).await;
            tokio::time::sleep(ASKS).await;
        }
    });
    loop {
        let arguments: Dict =
            [("realm", Value::from("realm1")), ("most", Value::from(10_u64))].into_iter().collect();
        let mut figures =
            admin.call::<CallResult, _>("serverwamp.uri.watch", Kwargs(arguments)).progressive();
        while figures.next().await.is_some() {}
        tokio::time::sleep(ASKS_AGAIN).await;
    }
}
