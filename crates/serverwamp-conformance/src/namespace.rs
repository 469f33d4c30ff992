//! Networks of their own for processes, whose links are cut and healed: network namespaces of Linux, joined by a bridge.
//!
//! That needs root and `ip` of iproute2; where it is not permitted, [`Network::prepare`] says why, for a test that skips. A network has
//! a middle, in which the NATS servers run, and nodes around it. Everything is removed when the network is dropped.

use std::ffi::OsStr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::output;

/// The time that one change may take.
const CHANGE: Duration = Duration::from_secs(20);

/// The address of the middle within the network.
pub const MIDDLE: &str = "10.83.0.1";

/// A namespace, in which processes can be started.
#[derive(Clone, Debug)]
pub struct Namespace(String);

impl Namespace {
    /// A command that runs in it. The process that is started is the program itself, so that signals reach it.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.0]).arg(program);
        command
    }
}

/// A middle and some nodes, each with one link to it.
#[derive(Debug)]
pub struct Network {
    middle: Namespace,
    nodes: Vec<Namespace>,
}

impl Network {
    /// Tries whether this is permitted here.
    ///
    /// # Errors
    ///
    /// With the reason why not.
    pub fn prepare() -> Result<(), String> {
        Self::new(1).map(drop)
    }

    /// Makes a network with `count` nodes, all links whole.
    ///
    /// # Errors
    ///
    /// When it is not permitted, with what `ip` said.
    pub fn new(count: usize) -> Result<Self, String> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let name = format!("sw{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        ip(&["netns", "add", &name])?;
        let mut network = Self { middle: Namespace(name.clone()), nodes: Vec::new() };
        let middle = network.middle.0.as_str();
        ip(&["-n", middle, "link", "set", "dev", "lo", "up"])?;
        ip(&["-n", middle, "link", "add", "bridge", "type", "bridge"])?;
        ip(&["-n", middle, "address", "add", &format!("{MIDDLE}/24"), "dev", "bridge"])?;
        ip(&["-n", middle, "link", "set", "dev", "bridge", "up"])?;
        for number in 0..count {
            let node = format!("{name}-{number}");
            ip(&["netns", "add", &node])?;
            network.nodes.push(Namespace(node.clone()));
            let link = link(number);
            let ends = ["type", "veth", "peer", "name", "up", "netns", &node];
            ip(&[&["-n", &name, "link", "add", &link][..], &ends].concat())?;
            ip(&["-n", &name, "link", "set", "dev", &link, "master", "bridge", "up"])?;
            ip(&["-n", &node, "link", "set", "dev", "lo", "up"])?;
            ip(&["-n", &node, "address", "add", &format!("{}/24", address(number)), "dev", "up"])?;
            ip(&["-n", &node, "link", "set", "dev", "up", "up"])?;
        }
        Ok(network)
    }

    /// Where the NATS servers run.
    #[must_use]
    pub const fn middle(&self) -> &Namespace {
        &self.middle
    }

    /// Where node `number` runs, from 0 on.
    #[must_use]
    pub fn node(&self, number: usize) -> &Namespace {
        &self.nodes[number]
    }

    /// Cuts the link of a node: what is sent over it is lost, and nobody is told.
    ///
    /// # Errors
    ///
    /// With what `ip` said.
    pub fn cut(&self, number: usize) -> Result<(), String> {
        ip(&["-n", &self.middle.0, "link", "set", "dev", &link(number), "down"])
    }

    /// Heals the link of a node.
    ///
    /// # Errors
    ///
    /// With what `ip` said.
    pub fn heal(&self, number: usize) -> Result<(), String> {
        ip(&["-n", &self.middle.0, "link", "set", "dev", &link(number), "up"])
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // A link goes with either end; a namespace when nothing runs in it any more.
        for namespace in self.nodes.iter().chain([&self.middle]) {
            drop(ip(&["netns", "delete", &namespace.0]));
        }
    }
}

/// The address of a node within its network.
#[must_use]
pub fn address(number: usize) -> String {
    format!("10.83.0.{}", number + 2)
}

/// The name of the end of a node's link in the middle.
fn link(number: usize) -> String {
    format!("node{number}")
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let finished = output::run(Command::new("ip").args(arguments), CHANGE)?;
    if finished.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", arguments.join(" "), finished.stderr.trim()))
}
