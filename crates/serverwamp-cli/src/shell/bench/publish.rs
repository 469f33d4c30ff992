//! `serverwamp bench publish`.

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

/// The options of `bench publish`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp bench publish chat hello
  serverwamp bench publish chat @message.json --rate 5000 --for 10s")]
pub(crate) struct PublishBenchOptions {
    /// The topic
    #[arg(value_name = "URI")]
    uri: String,
    #[command(flatten)]
    words: Words,
    #[command(flatten)]
    load: LoadOptions,
    #[command(flatten)]
    pub(super) report: ReportOptions,
}

pub(super) async fn run(options: &PublishBenchOptions, signals: &mut StopSignals) -> Result<Report, Failure> {
    let arguments = Arc::new(options.words.read()?);
    let target = Target::find(&options.report.target)?;
    let clients = connections(&target, options.load.connections, signals).await?;
    let operations: Vec<_> = clients
        .iter()
        .map(|client| operation(client.clone(), options.uri.clone(), Arc::clone(&arguments)))
        .collect();
    measure(format!("publish {}", options.uri), "publications", &target, &options.load, operations, signals)
        .await
}

fn operation(client: Client, uri: String, arguments: Arc<Arguments>) -> Operation {
    Arc::new(move || {
        let (client, uri, arguments) = (client.clone(), uri.clone(), Arc::clone(&arguments));
        Box::pin(async move {
            let payload = (Positional(&arguments.args), Kwargs(&arguments.kwargs));
            client.publication(uri).send(payload).await.map(drop)
        })
    })
}
