//! The log of the program: on the standard error, as text for people or as JSON for programs.
//!
//! In: the events of `tracing`, the framework's and the program's own, and [`LogSettings`], which can be replaced while the
//! program runs. Out: lines. Invariants: whoever logs never waits for whoever reads the log (`queue.rs`); every kind of line is
//! bounded in rate, the framework's by itself and all others here (`rate.rs`); no value can end its line or begin another
//! (`line.rs`).

mod filter;
mod journal;
mod layer;
mod line;
mod queue;
mod rate;
mod shown;

pub(crate) use self::filter::{BadFilter, LogFilter};
pub(crate) use self::rate::Pace;

use self::layer::Lines;
use self::line::{Look, panic_line};
use self::queue::Queue;
use self::rate::Rates;
use crate::failure::Failure;
use std::fs::File;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload;

/// The time for the last lines to be read when the program ends: a reader that is alive needs a moment, and one that is not
/// must not keep the program from ending.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Which lines are logged, and how they look.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LogSettings {
    pub(crate) filter: LogFilter,
    pub(crate) form: LogForm,
    /// Whether the person who has started the program asked for this filter; a configuration goes behind that.
    pub(crate) asked: bool,
}

/// How lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum LogForm {
    /// For people: one line, `field=value`.
    #[default]
    Text,
    /// For programs: one object of JSON in each line.
    Json,
}

impl LogForm {
    /// The words for it.
    pub(crate) const NAMES: [(&str, Self); 2] = [("text", Self::Text), ("json", Self::Json)];
}

impl FromStr for LogForm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, form)| *form).ok_or_else(|| "write text or json".to_owned())
    }
}

/// The log that has been started. Clones are the same log.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    filter: reload::Handle<Targets, Registry>,
    form: Arc<AtomicU8>,
    look: Look,
    rates: Arc<Rates>,
    queue: Arc<Queue>,
}

/// Starts to write the log of this process.
///
/// # Errors
/// When there is one already, or the system has no thread for it.
pub(crate) fn start(settings: &LogSettings) -> Result<Logs, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::runtime(format!("cannot start the log: {error}"));
    let out = standard_error().map_err(|error| failed(&error))?;
    let look = Look::of(&out);
    let (logs, subscriber) = log_to(out, look, settings).map_err(|error| failed(&error))?;
    tracing::subscriber::set_global_default(subscriber).map_err(|error| failed(&error))?;
    Ok(logs)
}

/// A log that goes to `out`, and the subscriber that writes it.
fn log_to(
    out: impl Write + Send + 'static,
    look: Look,
    settings: &LogSettings,
) -> io::Result<(Logs, impl Subscriber + Send + Sync + 'static)> {
    let form = Arc::new(AtomicU8::new(settings.form as u8));
    let lost = {
        let form = Arc::clone(&form);
        move |count| line::lost(form_of(&form), look, count)
    };
    let queue = Arc::new(Queue::start(out, lost)?);
    let (filter, handle) = reload::Layer::new(settings.filter.targets());
    let logs = Logs { filter: handle, form, look, rates: Arc::default(), queue };
    let subscriber = tracing_subscriber::registry().with(filter).with(Lines::new(logs.clone()));
    Ok((logs, subscriber))
}

impl Logs {
    /// Logs by other settings from now on.
    pub(crate) fn replace(&self, settings: &LogSettings) {
        self.form.store(settings.form as u8, Ordering::Relaxed);
        // It fails when the subscriber is gone, which is that of the process.
        drop(self.filter.reload(settings.filter.targets()));
    }

    /// Logs by another filter from now on, in the same form.
    pub(crate) fn filter_by(&self, filter: &LogFilter) {
        drop(self.filter.reload(filter.targets()));
    }

    /// The filter as text.
    pub(crate) fn filter(&self) -> String {
        self.filter.with_current(Targets::to_string).unwrap_or_default()
    }

    /// Says why the program ends, which nobody filters: in JSON as a line of the log, to people as it is.
    pub(crate) fn failed(&self, why: &str) {
        match self.form() {
            LogForm::Text => self.write(format!("{why}\n").as_bytes()),
            LogForm::Json => self.write(&line::failed(self.look, why)),
        }
    }

    /// Says what was left out and waits until all lines are written, or a second if nobody reads them.
    pub(crate) fn finish(&self) {
        for left_out in self.rates.all() {
            self.write(&left_out.line().rendered(self.form(), self.look));
        }
        self.queue.finish(LAST_LINES);
    }

    /// Writes that there was a panic, where [`std::panic::set_hook`] is told of it.
    pub(crate) fn panicked(&self, panic: &PanicHookInfo<'_>) {
        self.write(&panic_line(self.form(), self.look, panic));
        // Nobody may be there any more who waits for the lines: this thread ends the program.
        if std::thread::current().name() == Some("main") {
            self.finish();
        }
    }

    fn form(&self) -> LogForm {
        form_of(&self.form)
    }

    fn write(&self, line: &[u8]) {
        self.queue.push(line);
    }
}

fn form_of(form: &AtomicU8) -> LogForm {
    if form.load(Ordering::Relaxed) == LogForm::Json as u8 { LogForm::Json } else { LogForm::Text }
}

/// The standard error, without the lock that Rust has around it: when nobody reads it and a write does not end, the lock
/// would stop whoever else has something to say there.
#[cfg(unix)]
fn standard_error() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stderr().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn standard_error() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stderr().as_handle().try_clone_to_owned()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Duration;

    /// What was written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        /// The lines since the last time, without what depends on the time.
        fn lines(&self, logs: &Logs) -> Vec<String> {
            logs.queue.finish(Duration::from_secs(10));
            let bytes = std::mem::take(&mut *self.0.lock().unwrap());
            let text = String::from_utf8(bytes).unwrap();
            text.lines().map(|line| line.split_once("Z").unwrap().1.to_owned()).collect()
        }
    }

    fn settings(filter: &str, form: LogForm) -> LogSettings {
        LogSettings { filter: filter.parse().unwrap(), form, asked: false }
    }

    #[test]
    fn levels_and_form_are_replaced_while_it_logs() {
        let written = Written::default();
        let (logs, subscriber) =
            log_to(written.clone(), Look::default(), &settings("warn", LogForm::Text)).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let say = || {
                tracing::info!(target: "serverwamp::auth", user = "joe", "let in");
                tracing::warn!(target: "serverwamp::auth", "odd");
            };
            say();
            assert_eq!(written.lines(&logs), ["  WARN serverwamp::auth: odd"]);
            logs.replace(&settings("off,serverwamp::auth=info", LogForm::Json));
            say();
            let expected = [
                r#"","level":"INFO","target":"serverwamp::auth","message":"let in","fields":{"user":"joe"}}"#,
                r#"","level":"WARN","target":"serverwamp::auth","message":"odd","fields":{}}"#,
            ];
            assert_eq!(written.lines(&logs), expected);
            logs.replace(&settings("info,serverwamp::auth=off", LogForm::Text));
            say();
            assert!(written.lines(&logs).is_empty());
            tracing::info!(target: "elsewhere", "heard");
            assert_eq!(written.lines(&logs), ["  INFO elsewhere: heard"]);
        });
    }

    #[test]
    fn of_a_flood_of_lines_that_nobody_else_bounds_a_few_are_written_and_the_others_counted() {
        let written = Written::default();
        let (logs, subscriber) =
            log_to(written.clone(), Look::default(), &settings("warn", LogForm::Text)).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            for number in 0..10_000 {
                tracing::error!(target: "other_crate", number, "trouble");
            }
            // A line that bounds itself, as all of the framework, is not bounded a second time.
            for number in 0..100 {
                tracing::error!(target: "serverwamp::internal", number, suppressed = None::<u64>, "trouble");
            }
        });
        logs.finish();
        let lines = written.lines(&logs);
        assert_eq!(lines.iter().filter(|line| line.contains("serverwamp::internal")).count(), 100);
        let others: Vec<&String> =
            lines.iter().filter(|line| line.contains("other_crate: trouble")).collect();
        assert!((10..20).contains(&others.len()), "{others:?}");
        let told = lines.iter().filter_map(|line| line.split_once("suppressed=")?.1.parse::<usize>().ok());
        assert_eq!(others.len() + told.sum::<usize>(), 10_000, "every line is written or counted");
    }
}
