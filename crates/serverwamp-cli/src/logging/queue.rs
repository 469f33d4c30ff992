//! Lines on their way to the standard error.
//!
//! In: lines. Out: the same, in order, written by a thread of its own. Invariants: [`Queue::push`] never waits for the reader;
//! no more than [`MOST`] bytes wait; lines that found no room are counted, and the count is written when there is room again.

use std::io::{self, ErrorKind, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The bytes that wait at most: some thousand lines, which is all that the rates let through at once, and little beside a
/// process that serves.
const MOST: usize = 1 << 20;

/// The pause before a write is tried again that would have blocked: somebody else has made the terminal so.
const REST: Duration = Duration::from_millis(20);

/// Lines that are about to be written.
#[derive(Debug, Default)]
pub(super) struct Queue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits.
    more: Condvar,
    /// Everything is written.
    done: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Lines that found no room and are not reported yet.
    lost: u64,
    /// Whether the thread writes what it has taken.
    writing: bool,
}

impl Queue {
    /// Writes lines to `out` from now on; `lost` makes the line about so many that found no room.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        lost: impl Fn(u64) -> Vec<u8> + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Self::default();
        let shared = Arc::clone(&queue.0);
        thread::Builder::new().name("serverwamp-log".to_owned()).spawn(move || write(&shared, out, lost))?;
        Ok(queue)
    }

    /// Adds a line, if there is room for it.
    pub(super) fn push(&self, line: &[u8]) {
        let mut waiting = self.0.waiting();
        if waiting.lines.len() + line.len() > MOST {
            waiting.lost += 1;
            return;
        }
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        self.0.more.notify_one();
    }

    /// Waits until all lines are written, for this time at most.
    pub(super) fn finish(&self, time: Duration) {
        let waiting = self.0.waiting();
        let busy = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty() || waiting.lost > 0;
        drop(self.0.done.wait_timeout_while(waiting, time, busy).unwrap_or_else(PoisonError::into_inner));
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for lines, and takes them.
    fn take(&self) -> (Vec<u8>, u64) {
        let idle = |waiting: &mut Waiting| waiting.lines.is_empty() && waiting.lost == 0;
        let mut waiting = self.more.wait_while(self.waiting(), idle).unwrap_or_else(PoisonError::into_inner);
        waiting.writing = true;
        (mem::take(&mut waiting.lines), mem::take(&mut waiting.lost))
    }

    fn written(&self) {
        self.waiting().writing = false;
        self.done.notify_all();
    }
}

fn write(shared: &Shared, mut out: impl Write, lost: impl Fn(u64) -> Vec<u8>) {
    loop {
        let (mut lines, count) = shared.take();
        if count > 0 {
            lines.extend(lost(count));
        }
        write_all(&mut out, &lines);
        shared.written();
    }
}

/// Writes all of it, unless nobody will ever read it.
fn write_all(out: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(written) if written > 0 => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(REST),
            // The reader is gone, or the disk is full: there is nobody who could be told.
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    const SOON: Duration = Duration::from_secs(10);

    /// Hands over what is written, once it may.
    struct Gate {
        may: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Whoever does not let it write any more does not read either.
            self.may.recv().map_err(|_| ErrorKind::BrokenPipe)?;
            self.written.send(bytes.to_vec()).map_err(|_| ErrorKind::BrokenPipe)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Queue, Sender<()>, Receiver<Vec<u8>>) {
        let ((open, may), (written, read)) = (channel(), channel());
        let lost = |count| format!("{count} lost\n").into_bytes();
        (Queue::start(Gate { may, written }, lost).unwrap(), open, read)
    }

    #[test]
    fn a_reader_that_does_not_read_stops_nobody_and_is_told_what_it_missed() {
        let (queue, open, read) = gated();
        let line = [b'x'; 1024];
        queue.push(b"first\n");
        // The thread has taken it, or takes it with others; in no case does anybody wait.
        for _ in 0..3 * MOST / line.len() {
            queue.push(&line);
        }
        queue.finish(Duration::from_millis(1));
        for _ in 0..3 {
            open.send(()).unwrap();
        }
        queue.finish(SOON);
        drop(open);
        let all: Vec<u8> = read.try_iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        assert!(text.starts_with("first\n"));
        let kept = text.matches('x').count() / line.len();
        assert!(kept * line.len() <= 2 * MOST, "{kept}");
        let lost: usize = text
            .lines()
            .filter_map(|line| line.trim_start_matches('x').strip_suffix(" lost")?.parse::<usize>().ok())
            .sum();
        assert_eq!(kept + lost, 3 * MOST / line.len(), "every line is written or counted");
        assert!(lost > 0);
    }

    #[test]
    fn a_reader_that_is_gone_stops_nobody() {
        let (queue, open, read) = gated();
        drop((open, read));
        for _ in 0..10 {
            queue.push(b"a line\n");
            queue.finish(SOON);
        }
        assert!(queue.0.waiting().lines.is_empty());
    }

    #[test]
    fn lines_come_in_order() {
        let (queue, open, read) = gated();
        for number in 0..100 {
            queue.push(format!("{number}\n").as_bytes());
            open.send(()).unwrap();
        }
        queue.finish(SOON);
        let all: Vec<u8> = read.try_iter().flatten().collect();
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8(all).unwrap(), expected);
    }
}
