//! Lines on their way to standard error, whose reader may be slow, may have stopped reading, or may be gone.
//!
//! A thread of its own writes them, so that no request ever waits for a reader of the log. Lines beyond a bound, and lines
//! that cannot be written, are dropped and counted; once lines can be written again, one of them says how many are missing.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::limits::LOG_BYTES_MAX;

/// What the lines are written to, and the line that says how many were dropped, and why.
pub struct LogSink {
    pub writer: Box<dyn Write + Send>,
    pub missing: fn(u64, &str) -> String,
}

/// The lines that wait.
pub struct LogQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    lines: VecDeque<QueuedLine>,
    bytes: usize,
    is_writing: bool,
    /// Lines that were dropped after the last one that waits.
    missing: Missing,
}

struct QueuedLine {
    /// Lines that were dropped before this one.
    missing: Missing,
    text: String,
}

/// Lines that were dropped, and why the last of them was.
#[derive(Default)]
struct Missing {
    count: u64,
    why: String,
}

impl LogQueue {
    /// Starts the thread that writes to `sink`; it ends with the process. The error says that there is no thread to be had.
    pub fn start(sink: LogSink) -> io::Result<Arc<Self>> {
        let queue = Arc::new(LogQueue {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let own = Arc::clone(&queue);
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || own.work(sink))?;
        Ok(queue)
    }

    /// Adds a line, without its end; drops it where too many bytes wait. Never waits for the reader.
    pub fn add(&self, text: String) {
        let mut state = self.lock();
        if state.bytes + text.len() > LOG_BYTES_MAX {
            state.missing.add(1, "its reader was too slow");
            return;
        }
        state.bytes += text.len();
        let missing = std::mem::take(&mut state.missing);
        state.lines.push_back(QueuedLine { missing, text });
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until all lines are written or dropped, for at most `most`.
    pub fn flush(&self, most: Duration) {
        let until = Instant::now() + most;
        let mut state = self.lock();
        while !state.lines.is_empty() || state.is_writing {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, mut sink: LogSink) -> ! {
        loop {
            let mut state = self.lock();
            let QueuedLine { missing, text } = loop {
                match state.lines.pop_front() {
                    Some(line) => break line,
                    None => {
                        let waited = self.changed.wait(state);
                        state = waited.unwrap_or_else(PoisonError::into_inner);
                    }
                }
            };
            state.bytes -= text.len();
            state.is_writing = true;
            drop(state);
            let told = match missing.count {
                0 => Ok(()),
                count => write(&mut sink.writer, &(sink.missing)(count, &missing.why)),
            };
            let untold = if told.is_ok() { 0 } else { missing.count };
            let written = told.and_then(|()| write(&mut sink.writer, &text));
            let mut state = self.lock();
            if let Err(error) = written {
                state.next_missing().add(untold + 1, &error.to_string());
            }
            state.is_writing = false;
            drop(state);
            self.changed.notify_all();
        }
    }
}

impl QueueState {
    /// The lines that are missing before the next one.
    fn next_missing(&mut self) -> &mut Missing {
        match self.lines.front_mut() {
            Some(next) => &mut next.missing,
            None => &mut self.missing,
        }
    }
}

impl Missing {
    fn add(&mut self, count: u64, why: &str) {
        self.count += count;
        why.clone_into(&mut self.why);
    }
}

/// Writes the line at once, so that no line is torn by what others write between its parts.
fn write(to: &mut impl Write, line: &str) -> io::Result<()> {
    to.write_all(format!("{line}\n").as_bytes())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// Hands each write to the test, and fails or goes on as the test says.
    struct Reader {
        wrote: SyncSender<String>,
        goes_on: Receiver<io::Result<()>>,
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let _ = self.wrote.send(text);
            self.goes_on.recv().unwrap_or(Ok(()))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    type Test = (Arc<LogQueue>, Receiver<String>, SyncSender<io::Result<()>>);

    fn queue() -> Test {
        let (wrote, written) = sync_channel(100);
        let (go_on, goes_on) = sync_channel(100);
        let queue = LogQueue::start(LogSink {
            writer: Box::new(Reader { wrote, goes_on }),
            missing: |count, why| format!("{count} missing: {why}"),
        });
        (queue.unwrap(), written, go_on)
    }

    #[test]
    fn lines_wait_up_to_a_bound_and_those_beyond_are_counted() {
        let (queue, written, go_on) = queue();
        queue.add("first".to_owned());
        assert_eq!(written.recv().unwrap(), "first\n");
        // The reader holds the first line; these fill the queue.
        let half = "x".repeat(LOG_BYTES_MAX / 2);
        for _ in 0..5 {
            queue.add(half.clone());
        }
        assert!(queue.lock().bytes <= LOG_BYTES_MAX);
        assert_eq!(queue.lock().missing.count, 3);
        queue.flush(Duration::ZERO);
        drop(go_on);
        queue.flush(Duration::from_secs(60));
        queue.add("last".to_owned());
        queue.flush(Duration::from_secs(60));
        let half = format!("{half}\n");
        // It is told where they are missing.
        let lines: Vec<String> = written.try_iter().collect();
        let told = [
            half.as_str(),
            &half,
            "3 missing: its reader was too slow\n",
            "last\n",
        ];
        assert_eq!(lines, told);
        let state = queue.lock();
        assert_eq!((state.bytes, state.missing.count), (0, 0));
    }

    #[test]
    fn what_cannot_be_written_is_dropped_and_told_when_it_can_again() {
        let (queue, written, go_on) = queue();
        for _ in 0..2 {
            let full = io::Error::other("no space");
            go_on.send(Err(full)).unwrap();
            queue.add("lost".to_owned());
            queue.flush(Duration::from_secs(60));
        }
        drop(go_on);
        queue.add("kept".to_owned());
        queue.flush(Duration::from_secs(60));
        let lines: Vec<String> = written.try_iter().collect();
        // The second failure was that of telling of the first.
        let told = [
            "lost\n",
            "1 missing: no space\n",
            "2 missing: no space\n",
            "kept\n",
        ];
        assert_eq!(lines, told);
    }
}
