//! `serverwamp explain SW0107`: what a kind of mistake is, why it is one, and an example.

use super::print;
use crate::failure::Failure;
use clap::Args;
use serverwamp_config::codes::Code;

/// The options of `explain`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp explain SW0107
  serverwamp explain")]
pub(crate) struct ExplainOptions {
    /// The code that stands in brackets before a mistake [default: list all]
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(crate) fn run(options: &ExplainOptions) -> Result<(), Failure> {
    let Some(id) = &options.code else { return print(&list()) };
    let code = Code::find(id).ok_or_else(|| {
        Failure::usage(format!("there is no code {id:?}: `serverwamp explain` lists those that there are"))
    })?;
    let kind = if code.is_warning() { "warning" } else { "error" };
    print(&format!("{kind}[{}]: {}\n\n{}\n", code.id(), code.name(), without_fences(&code.explanation())))
}

fn list() -> String {
    let line = |code: &Code| {
        let kind = if code.is_warning() { "warning" } else { "error" };
        format!("{}  {kind:7}  {}\n", code.id(), code.name())
    };
    Code::all().map(line).collect()
}

/// Examples are indented in a terminal; their fences are for Markdown.
fn without_fences(text: &str) -> String {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if inside && !line.is_empty() {
            lines.push(format!("    {line}"));
        } else {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n")
}
