//! The machine: what it is, what it allows, and what else it does meanwhile.

use crate::Failure;
use crate::options::Plan;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// File descriptors that are not connections of the current measurement.
const SPARE_FILES: usize = 100;

/// Lets this process, and those it starts, have as many files as possible; takes from the plan what does not fit.
pub(crate) fn make_room(plan: &mut Plan) -> Result<(), Failure> {
    let connections = allow_connections()?;
    let files = connections + SPARE_FILES;
    // Both fan-outs are connected at the same time.
    let (subscribers, idle) = (plan.subscribers.min(connections / 2), plan.idle.min(connections));
    if (subscribers, idle) != (plan.subscribers, plan.idle) {
        println!("only {files} files may be open: {subscribers} subscribers, {idle} idle sessions");
    }
    (plan.subscribers, plan.idle) = (subscribers, idle);
    if subscribers == 0 {
        return Err(format!("{files} open files are too few").into());
    }
    Ok(())
}

/// Lets this process have as many files as possible; so many connections it can have.
pub(crate) fn allow_connections() -> Result<usize, Failure> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    }
    let files = limit.maximum.and_then(|files| usize::try_from(files).ok());
    Ok(files.map_or(usize::MAX / 2, |files| files.saturating_sub(SPARE_FILES)))
}

/// The processors for the server and for the load, if there are two to choose from.
pub(crate) fn two_processors() -> Option<(usize, usize)> {
    let allowed = sched_getaffinity(None).ok()?;
    let mut allowed = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu));
    Some((allowed.next()?, allowed.next_back()?))
}

/// Runs this thread, and those it starts, on these processors.
pub(crate) fn pin(cpus: &[usize]) -> Result<(), Failure> {
    let mut set = CpuSet::new();
    cpus.iter().for_each(|cpu| set.set(*cpu));
    Ok(sched_setaffinity(None, &set)?)
}

/// One line about where figures come from.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("unknown processor", |(_, model)| model.trim());
    let system = rustix::system::uname();
    let rustc = Command::new("rustc").arg("--version").output().ok().filter(|output| output.status.success());
    let rustc = rustc.map_or_else(
        || "rustc unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    );
    let kernel = system.release().to_string_lossy();
    let build = if cfg!(debug_assertions) { ", a debug build: the figures mean nothing" } else { "" };
    format!("{cores} cores, {model}, Linux {kernel}, {rustc}{build}")
}

/// From now on this thread runs where no other wants to.
pub(crate) fn give_way() -> Result<(), String> {
    rustix::process::setpriority_process(None, 19).map_err(|error| format!("no lower priority: {error}"))
}

pub(crate) struct Ticks {
    /// Of the process or thread.
    pub(crate) own: u64,
    /// Of its children that have ended.
    children: u64,
}

pub(crate) fn ticks(stat: &Path) -> Result<Ticks, Failure> {
    let text = fs::read_to_string(stat)?;
    // The name in parentheses may contain anything.
    let fields = text.rsplit_once(')').ok_or("a stat file without a name")?.1;
    let numbers: Vec<u64> =
        fields.split_ascii_whitespace().skip(11).take(4).map(str::parse).collect::<Result<_, _>>()?;
    let [user, system, children_user, children_system] = numbers[..] else {
        return Err("a stat file that is too short".into());
    };
    Ok(Ticks { own: user + system, children: children_user + children_system })
}

pub(crate) fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

/// How busy the machine is with other things.
pub(crate) struct Busy {
    since: Instant,
    all: u64,
    ours: u64,
}

impl Busy {
    pub(crate) fn now() -> Result<Self, Failure> {
        let stat = fs::read_to_string("/proc/stat")?;
        let line = stat.lines().next().ok_or("an empty /proc/stat")?;
        let numbers: Vec<u64> =
            line.split_ascii_whitespace().skip(1).map(str::parse).collect::<Result<_, _>>()?;
        // user, nice, system, then idle and iowait, then irq, softirq, steal.
        let [user, nice, system, _, _, irq, softirq, steal, ..] = numbers[..] else {
            return Err("a /proc/stat that is too short".into());
        };
        let own = ticks(Path::new("/proc/self/stat"))?;
        Ok(Self {
            since: Instant::now(),
            all: user + nice + system + irq + softirq + steal,
            ours: own.own + own.children,
        })
    }

    /// How many processors others have used since then, on average. Our children must have ended.
    pub(crate) fn others_since(&self) -> Result<f64, Failure> {
        let now = Self::now()?;
        let others = (now.all - self.all).saturating_sub(now.ours - self.ours) as f64;
        Ok(others / ticks_per_second() as f64 / (now.since - self.since).as_secs_f64())
    }
}
