//! The only thread that writes. Writes that arrive while a commit is being written share the next one: a durable commit
//! costs the same for one item as for sixty-four.
//!
//! It does not know what it writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use heed::RwTxn;

use crate::lmdb::{self, Env};
use vocabox_base::fault::{Fault, Kind};
use vocabox_base::limits::{
    COMMIT_ITEMS_MAX, COMMIT_QUEUE_MAX, COMMIT_WAIT_MS, LAST_USED_MS, STORE_WAIT_MS,
};

/// One write, and the caller that waits for it.
pub(crate) trait PendingWrite: Send {
    /// Writes into `txn`. It is called again, with another transaction, when the first was rolled back.
    fn run(&mut self, txn: &mut RwTxn<'_>) -> Result<(), Fault>;

    /// Tells the waiting caller that the write is on the disk, or why it is not.
    fn done(self: Box<Self>, outcome: Result<(), Fault>);
}

/// Returns writes without a waiting caller, which join any commit. Its argument says whether this commit is the last
/// one.
pub(crate) type RideAlong = Box<dyn FnMut(bool) -> Vec<Box<dyn PendingWrite>> + Send>;

/// The queue to the writing thread.
pub(crate) struct Writer {
    queue: SyncSender<Message>,
    thread: Mutex<Option<JoinHandle<()>>>,
    last_commit: Arc<Mutex<Option<Instant>>>,
}

enum Message {
    Write(Box<dyn PendingWrite>),
    Stop,
}

impl Writer {
    /// Starts the thread. `ride_along` is called before each commit, and every `LAST_USED_MS` when there is none.
    pub(crate) fn start(env: Env, ride_along: RideAlong) -> Result<Self, std::io::Error> {
        let (queue, inbox) = sync_channel(COMMIT_QUEUE_MAX);
        let last_commit = Arc::new(Mutex::new(None));
        let mut thread = WriterThread {
            env,
            inbox,
            ride_along,
            last_commit: last_commit.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || thread.serve())?;
        Ok(Writer {
            queue,
            thread: Mutex::new(Some(thread)),
            last_commit,
        })
    }

    /// Runs `work` in a transaction and returns its result once it is on the disk. Faults: those of `work` (then
    /// nothing of it is written); `Busy` when too many writes wait; `Missing` when the disk refuses, does not answer
    /// within `STORE_WAIT_MS`, or the store is closed.
    pub(crate) fn write<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut RwTxn<'_>) -> Result<T, Fault> + Send + 'static,
    {
        self.write_and_tell(work, |_| ())
    }

    /// As [`Writer::write`]; `tell` gets the outcome before anything else is written, even when the caller has stopped
    /// waiting. It is not called for a write that was refused before it ran.
    pub(crate) fn write_and_tell<T, F, G>(&self, work: F, tell: G) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnMut(&mut RwTxn<'_>) -> Result<T, Fault> + Send + 'static,
        G: FnOnce(&Result<T, Fault>) + Send + 'static,
    {
        let (reply, answer) = sync_channel(1);
        let job = Box::new(Write {
            work,
            output: None,
            tell,
            reply,
        });
        self.queue
            .try_send(Message::Write(job))
            .map_err(|refused| match refused {
                TrySendError::Full(_) => Fault::new(
                    Kind::Busy { retry_after_s: 1 },
                    "Too many writes wait for the disk. Try again.",
                ),
                TrySendError::Disconnected(_) => closed(),
            })?;
        match answer.recv_timeout(Duration::from_millis(STORE_WAIT_MS)) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Disconnected) => Err(closed()),
            Err(RecvTimeoutError::Timeout) => Err(Fault::missing("The disk does not answer.")),
        }
    }

    /// Whether a commit reached the disk within the last `ms` milliseconds and none failed since.
    pub(crate) fn committed_within(&self, ms: u64) -> bool {
        lock(&self.last_commit).is_some_and(|at| at.elapsed() < Duration::from_millis(ms))
    }

    /// Commits what waits, then ends the thread. Later writes are refused.
    pub(crate) fn stop(&self) {
        let Some(thread) = lock(&self.thread).take() else {
            return;
        };
        // Both fail only when the thread has ended, which is the aim.
        let _ = self.queue.send(Message::Stop);
        let _ = thread.join();
    }
}

/// The state of the writing thread.
struct WriterThread {
    env: Env,
    inbox: Receiver<Message>,
    ride_along: RideAlong,
    last_commit: Arc<Mutex<Option<Instant>>>,
}

impl WriterThread {
    fn serve(&mut self) {
        let mut stopping = false;
        let mut company = 1;
        while !stopping {
            let mut batch = Vec::new();
            match self.inbox.recv_timeout(Duration::from_millis(LAST_USED_MS)) {
                Ok(Message::Write(job)) => {
                    batch.push(job);
                    stopping = self.gather(&mut batch, company);
                    company = batch.len();
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => stopping = true,
                Err(RecvTimeoutError::Timeout) => {}
            }
            // A panic costs the callers of this commit their answers, and no later one.
            let committed = catch_unwind(AssertUnwindSafe(|| {
                batch.extend((self.ride_along)(stopping));
                self.commit(batch);
            }));
            if committed.is_err() {
                log::error!("the store's writer panicked in a commit");
            }
        }
    }

    /// Fills `batch` with the waiting writes. It waits for more only while fewer have come than at the last commit: a
    /// lone writer is never delayed, and many share one commit. Returns true when the thread has to end afterwards.
    fn gather(&self, batch: &mut Vec<Box<dyn PendingWrite>>, company: usize) -> bool {
        let deadline = Instant::now() + Duration::from_millis(COMMIT_WAIT_MS);
        while batch.len() < COMMIT_ITEMS_MAX {
            let patience = match batch.len() < company {
                true => deadline.saturating_duration_since(Instant::now()),
                false => Duration::ZERO,
            };
            match self.inbox.recv_timeout(patience) {
                Ok(Message::Write(job)) => batch.push(job),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
        false
    }

    /// Commits `batch` as one transaction. A write that is refused leaves it, and the others run again without it: a
    /// refusal costs them no commit of their own. When the disk refuses, each write gets its own transaction, so that none
    /// fails because of another.
    fn commit(&self, mut batch: Vec<Box<dyn PendingWrite>>) {
        while !batch.is_empty() {
            match self.attempt(&mut batch) {
                Ok(()) => return batch.into_iter().for_each(|job| job.done(Ok(()))),
                Err(Failed::Write(number, fault)) => batch.remove(number).done(Err(fault)),
                Err(Failed::Commit(_)) if batch.len() > 1 => {
                    return batch.into_iter().for_each(|job| self.commit(vec![job]));
                }
                Err(Failed::Commit(fault)) => {
                    return batch
                        .into_iter()
                        .for_each(|job| job.done(Err(fault.clone())));
                }
            }
        }
    }

    fn attempt(&self, batch: &mut [Box<dyn PendingWrite>]) -> Result<(), Failed> {
        let mut txn = self.env.write_txn().map_err(Failed::Commit)?;
        for (number, job) in batch.iter_mut().enumerate() {
            let ran = catch_unwind(AssertUnwindSafe(|| job.run(&mut txn)));
            ran.unwrap_or_else(|_| Err(Fault::internal("a write panicked")))
                .map_err(|fault| Failed::Write(number, fault))?;
        }
        let committed = txn.commit();
        *lock(&self.last_commit) = committed.is_ok().then(Instant::now);
        committed.map_err(|error| Failed::Commit(lmdb::fault(error)))
    }
}

/// Why nothing of a batch is on the disk.
enum Failed {
    /// The write of this number was refused or panicked.
    Write(usize, Fault),
    /// The transaction could not start or end.
    Commit(Fault),
}

/// A closure whose caller waits for what it returns.
struct Write<T, F, G> {
    work: F,
    output: Option<T>,
    tell: G,
    reply: SyncSender<Result<T, Fault>>,
}

impl<T, F, G> PendingWrite for Write<T, F, G>
where
    T: Send,
    F: FnMut(&mut RwTxn<'_>) -> Result<T, Fault> + Send,
    G: FnOnce(&Result<T, Fault>) + Send,
{
    fn run(&mut self, txn: &mut RwTxn<'_>) -> Result<(), Fault> {
        self.output = Some((self.work)(txn)?);
        Ok(())
    }

    fn done(self: Box<Self>, outcome: Result<(), Fault>) {
        let Write {
            output,
            tell,
            reply,
            ..
        } = *self;
        let answer = outcome.and_then(|()| {
            output.ok_or_else(|| Fault::internal("a write was committed that never ran"))
        });
        tell(&answer);
        // The caller may have stopped waiting.
        let _ = reply.try_send(answer);
    }
}

fn closed() -> Fault {
    Fault::missing("The store is closed.")
}

/// Locks the mutex, also after a panic: every use assigns the value in one step, so that it is whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(
        work: impl FnMut(&mut RwTxn) -> Result<(), Fault> + Send + 'static,
    ) -> (Box<dyn PendingWrite>, Receiver<Result<(), Fault>>) {
        let (reply, answer) = sync_channel(1);
        let write = Write {
            work,
            output: None,
            tell: |_: &Result<(), Fault>| (),
            reply,
        };
        (Box::new(write), answer)
    }

    #[test]
    fn writes_that_are_refused_or_panic_leave_nothing_and_cost_the_others_no_commit() {
        let dir = tempfile::tempdir().unwrap();
        let store = crate::Store::open(dir.path()).unwrap();
        let (env, table) = (store.env.clone(), store.tables.meta);
        let (_queue, inbox) = sync_channel(1);
        let thread = WriterThread {
            env: env.clone(),
            inbox,
            ride_along: Box::new(|_| Vec::new()),
            last_commit: Arc::default(),
        };
        let (batch, answers): (Vec<_>, Vec<_>) = (0..8_u64)
            .map(|number| {
                write(move |txn| {
                    table.put(txn, &number.to_string(), &number)?;
                    match number {
                        2 | 5 => Err(Fault::not_found("no such thing")),
                        6 => panic!("on purpose"),
                        _ => Ok(()),
                    }
                })
            })
            .unzip();
        let before = env.heed().info().last_txn_id;
        thread.commit(batch);
        assert_eq!(env.heed().info().last_txn_id, before + 1, "one commit");
        let txn = env.read_txn().unwrap();
        for (number, answer) in answers.iter().enumerate() {
            let is_written = !matches!(number, 2 | 5 | 6);
            assert_eq!(answer.recv().unwrap().is_ok(), is_written, "{number}");
            let found = table.get(&txn, &number.to_string()).unwrap();
            assert_eq!(found.is_some(), is_written, "{number}");
        }
    }
}
