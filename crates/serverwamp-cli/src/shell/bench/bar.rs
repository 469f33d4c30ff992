//! The progress of a measurement on a terminal.

use super::load::{Amount, Load};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often the bar moves.
const EVERY: Duration = Duration::from_millis(100);

/// A bar on the standard error, if that is a terminal. Counting costs the load one addition.
#[derive(Clone)]
pub(super) struct Bar(Arc<Shown>);

struct Shown {
    bar: ProgressBar,
    done: AtomicU64,
}

impl Bar {
    /// Shows a bar for this load until [`finish`](Self::finish).
    pub(super) fn new(load: Load) -> Self {
        let (length, template) = match load.amount {
            Amount::Time(time) => {
                let millis = u64::try_from((load.warm_up + time).as_millis()).unwrap_or(u64::MAX);
                (millis, "{bar:40} {percent:>3} %  {msg}")
            }
            Amount::Count(count) => (count, "{bar:40} {percent:>3} %  {msg}"),
        };
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        let shown = Arc::new(Shown { bar, done: AtomicU64::new(0) });
        if !shown.bar.is_hidden() {
            tokio::spawn(follow(Arc::downgrade(&shown), load));
        }
        Self(shown)
    }

    /// One more request is answered.
    pub(super) fn count(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn finish(self) {
        self.0.bar.finish_and_clear();
    }
}

async fn follow(shown: std::sync::Weak<Shown>, load: Load) {
    let mut ticks = tokio::time::interval(EVERY);
    let mut before = 0;
    loop {
        ticks.tick().await;
        let Some(shown) = shown.upgrade() else { return };
        let done = shown.done.load(Ordering::Relaxed);
        match load.amount {
            Amount::Time(_) => {
                shown.bar.set_position(u64::try_from(shown.bar.elapsed().as_millis()).unwrap_or(u64::MAX))
            }
            Amount::Count(_) => shown.bar.set_position(done),
        }
        shown.bar.set_message(format!("{done} done, {} a second", (done - before) * 10));
        before = done;
    }
}
