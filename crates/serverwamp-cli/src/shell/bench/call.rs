//! `serverwamp bench call`.

use super::load::Operation;
use super::report::Report;
use super::{LoadOptions, ReportOptions, connections, measure};
use crate::failure::Failure;
use crate::shell::target::Target;
use crate::shell::words::{Arguments, Words};
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::client::Client;
use serverwamp::extract::{Args as Positional, Kwargs};
use std::sync::Arc;

/// The options of `bench call`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp bench call demo.add 2 3
  serverwamp bench call demo.add 2 3 -c 8 -f 16 --for 10s --plot latency.svg
  serverwamp bench call demo.add 2 3 --rate 20000 --json")]
pub(crate) struct CallBenchOptions {
    /// The procedure
    #[arg(value_name = "URI")]
    uri: String,
    #[command(flatten)]
    words: Words,
    #[command(flatten)]
    load: LoadOptions,
    #[command(flatten)]
    pub(super) report: ReportOptions,
}

pub(super) async fn run(options: &CallBenchOptions, signals: &mut StopSignals) -> Result<Report, Failure> {
    let arguments = options.words.read()?;
    let target = Target::find(&options.report.target)?;
    let clients = connections(&target, options.load.connections, signals).await?;
    let arguments = Arc::new(arguments);
    let operations: Vec<_> = clients
        .iter()
        .map(|client| operation(client.clone(), options.uri.clone(), Arc::clone(&arguments)))
        .collect();
    measure(format!("call {}", options.uri), "calls", &target, &options.load, operations, signals).await
}

fn operation(client: Client, uri: String, arguments: Arc<Arguments>) -> Operation {
    Arc::new(move || {
        let payload = (Positional(&arguments.args), Kwargs(&arguments.kwargs));
        Box::pin(client.call::<(), _>(&*uri, payload).into_future())
    })
}
