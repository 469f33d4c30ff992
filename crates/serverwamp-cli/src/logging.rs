//! Logs, on the standard error: warnings by default, more with `-v`, anything with `RUST_LOG`.

use std::io::{IsTerminal as _, stderr};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts to write logs. `RUST_LOG` (`debug`, `serverwamp=trace,hyper=info`) goes before `verbose`.
pub(crate) fn start(verbose: u8) {
    let wanted = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let (filter, unreadable) = match wanted.as_deref().map(str::parse::<Targets>) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (by_count(verbose), Some(error)),
        None => (by_count(verbose), None),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(filter).init();
    if let Some(error) = unreadable {
        tracing::warn!(%error, "RUST_LOG cannot be parsed and is ignored; write it as RUST_LOG=debug or RUST_LOG=serverwamp=trace");
    }
}

fn by_count(verbose: u8) -> Targets {
    let (ours, others) = match verbose {
        0 => (LevelFilter::WARN, LevelFilter::ERROR),
        1 => (LevelFilter::INFO, LevelFilter::WARN),
        2 => (LevelFilter::DEBUG, LevelFilter::INFO),
        _ => (LevelFilter::TRACE, LevelFilter::DEBUG),
    };
    Targets::new().with_default(others).with_target("serverwamp", ours)
}
