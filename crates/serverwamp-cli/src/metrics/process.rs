//! What the system says about this process: the metrics that Prometheus expects of every process.
//!
//! Only Linux says it in files. Elsewhere, and where `/proc` is not mounted, these metrics have no value rather than a wrong one.

use std::fs;

/// The process as it is now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ProcessStatistics {
    /// Processor time so far, of the user and of the system, in seconds.
    pub(super) cpu_seconds: Option<f64>,
    pub(super) resident_bytes: Option<u64>,
    pub(super) virtual_bytes: Option<u64>,
    pub(super) threads: Option<u64>,
    pub(super) open_files: Option<u64>,
    /// The limit of open files.
    pub(super) most_files: Option<u64>,
    /// In seconds since 1970.
    pub(super) started_at: Option<f64>,
}

impl ProcessStatistics {
    /// Asks the system.
    pub(super) fn read() -> Self {
        let mut this = Self::default();
        #[cfg(target_os = "linux")]
        this.read_proc();
        #[cfg(unix)]
        {
            let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
            this.most_files = limit.current;
        }
        this
    }

    #[cfg(target_os = "linux")]
    fn read_proc(&mut self) {
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let page = u64::try_from(rustix::param::page_size()).unwrap_or(4096);
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        if let Some(stat) = Stat::parse(&stat) {
            self.cpu_seconds = Some(stat.cpu_ticks as f64 / ticks);
            self.threads = Some(stat.threads);
            self.virtual_bytes = Some(stat.virtual_bytes);
            self.resident_bytes = Some(stat.resident_pages * page);
            self.started_at = boot_time().map(|boot| boot as f64 + stat.started_ticks as f64 / ticks);
        }
        // The directory itself is open while it is read.
        self.open_files =
            fs::read_dir("/proc/self/fd").ok().map(|files| (files.count() as u64).saturating_sub(1));
    }
}

/// The fields of `/proc/self/stat`, see `proc(5)`.
#[derive(Debug, Eq, PartialEq)]
struct Stat {
    cpu_ticks: u64,
    threads: u64,
    started_ticks: u64,
    virtual_bytes: u64,
    resident_pages: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name of the program, in parentheses, may have anything in it.
        let (_, behind_name) = text.rsplit_once(')')?;
        let fields: Vec<&str> = behind_name.split_whitespace().collect();
        // The first of these is the third of all.
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            threads: field(20)?,
            started_ticks: field(22)?,
            virtual_bytes: field(23)?,
            resident_pages: field(24)?,
        })
    }
}

/// When the machine was started, in seconds since 1970.
#[cfg(target_os = "linux")]
fn boot_time() -> Option<u64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_moves_no_field() {
        let fields: Vec<String> = (4..=52).map(|number| number.to_string()).collect();
        let stat = Stat::parse(&format!("77 (a) b (c) S {}\n", fields.join(" ")));
        let expected = Stat {
            cpu_ticks: 14 + 15,
            threads: 20,
            started_ticks: 22,
            virtual_bytes: 23,
            resident_pages: 24,
        };
        assert_eq!(stat, Some(expected));
        assert_eq!(Stat::parse(""), None);
        assert_eq!(Stat::parse("77 (a) S 1 2"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_says_everything_about_this_process() {
        let this = ProcessStatistics::read();
        assert!(this.resident_bytes.unwrap() > 100_000 && this.virtual_bytes > this.resident_bytes);
        assert!(this.threads.unwrap() >= 1 && this.open_files.unwrap() >= 3);
        assert!(this.most_files.unwrap() >= this.open_files.unwrap());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        let age = now - this.started_at.unwrap();
        assert!((-2.0..3600.0).contains(&age), "{age}");
    }
}
