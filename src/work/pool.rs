//! Workers for one capability: each owns its engine, takes tasks from one queue, and outlives its engine's panics.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::queue::Queue;
use crate::engine::contract::{CancellationToken, Engine};
use crate::fault::{Fault, Kind};

/// Builds a worker's engine, at start and again after a panic.
type Factory<T, O> = dyn Fn() -> Result<Box<dyn Engine<Task = T, Output = O>>, Fault> + Send + Sync;

/// Between two checks of the cancellation of a task that is waited for.
pub const POLL: Duration = Duration::from_millis(100);

/// How often an idle task gives way before it runs to its end: a server that is never without requests gets on with it too.
const GIVES_WAY_MAX: usize = 16;

/// Workers, their queue, and what is known of their pace.
pub struct Pool<T, O> {
    shared: Arc<PoolCore<T, O>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct PoolCore<T, O> {
    name: &'static str,
    queue: Queue<QueuedTask<T, O>>,
    factory: Box<Factory<T, O>>,
    workers: usize,
    /// Milliseconds of the last job, smoothed: how long a place in the queue lasts.
    pace_ms: AtomicU64,
}

struct QueuedTask<T, O> {
    task: T,
    cancellation: CancellationToken,
    queued: Instant,
    reply: SyncSender<Result<Done<O>, Fault>>,
}

/// A task that waits or runs.
pub struct Pending<O> {
    answer: Receiver<Result<Done<O>, Fault>>,
    cancellation: CancellationToken,
}

/// An output, with how long it waited and ran.
#[derive(Debug)]
pub struct Done<O> {
    pub output: O,
    pub queued: Duration,
    pub ran: Duration,
}

impl<O> Done<O> {
    /// The same times, of another output.
    pub fn with<P>(self, output: P) -> Done<P> {
        Done {
            output,
            queued: self.queued,
            ran: self.ran,
        }
    }
}

impl<T: Send + 'static, O: Send + 'static> Pool<T, O> {
    /// Starts `workers` threads, each with an engine of its own, behind a queue of `depth_max`; returns when all
    /// engines are loaded. Faults: the first that an engine could not be built for.
    pub fn start(
        name: &'static str,
        workers: usize,
        depth_max: usize,
        factory: impl Fn() -> Result<Box<dyn Engine<Task = T, Output = O>>, Fault>
        + Send
        + Sync
        + 'static,
    ) -> Result<Self, Fault> {
        let shared = Arc::new(PoolCore {
            name,
            queue: Queue::new(depth_max),
            factory: Box::new(factory),
            workers,
            pace_ms: AtomicU64::new(1_000),
        });
        let (built, ready) = mpsc::channel();
        let mut threads = Vec::new();
        for number in 0..workers {
            let (shared, built) = (shared.clone(), built.clone());
            let thread = thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || work(&shared, &built))
                .map_err(Fault::internal)?;
            threads.push(thread);
        }
        drop(built);
        let pool = Pool {
            shared,
            threads: Mutex::new(threads),
        };
        // A worker whose engine cannot be built reports that and ends; dropping the pool ends the others.
        ready
            .iter()
            .take(workers)
            .collect::<Result<Vec<()>, Fault>>()?;
        Ok(pool)
    }

    /// Runs `task` on the next free worker and waits for its output.
    ///
    /// Faults: `Busy` when the queue is full; `Engine` when the engine failed, panicked or did not finish before the
    /// cancellation's deadline; `Cancelled` when the cancellation is; and what the engine itself refuses.
    pub fn run(&self, task: T, cancellation: &CancellationToken) -> Result<Done<O>, Fault> {
        self.queue(task, cancellation)?.wait()
    }

    /// Queues `task`, whose output is to be waited for. Faults: `Busy` when the queue is full.
    pub fn queue(&self, task: T, cancellation: &CancellationToken) -> Result<Pending<O>, Fault> {
        let (job, pending) = job(task, cancellation);
        match self.shared.queue.push(job) {
            Ok(()) => Ok(pending),
            Err(_) => Err(self.shared.full()),
        }
    }

    /// Runs a task when no other waits, and waits for its output. It gives way to a request that comes meanwhile, and is then
    /// begun again with another of `task`, which makes the same each time; but not for ever. Faults: those of [`Pool::run`].
    pub fn run_idle(
        &self,
        mut task: impl FnMut() -> T,
        cancellation: &CancellationToken,
    ) -> Result<Done<O>, Fault> {
        let giving_way = cancellation.giving_way(self.shared.queue.waiting());
        for _ in 0..GIVES_WAY_MAX {
            let run = self.queue_idle(task(), &giving_way, cancellation)?.wait();
            let gave_way =
                |fault: &Fault| fault.kind == Kind::Cancelled && cancellation.check().is_ok();
            if !run.as_ref().is_err_and(gave_way) {
                return run;
            }
        }
        self.queue_idle(task(), cancellation, cancellation)?.wait()
    }

    /// Queues an idle task, which runs under `runs`, whose output is waited for under `waits`.
    fn queue_idle(
        &self,
        task: T,
        runs: &CancellationToken,
        waits: &CancellationToken,
    ) -> Result<Pending<O>, Fault> {
        let (job, mut pending) = job(task, runs);
        pending.cancellation = waits.clone();
        match self.shared.queue.push_idle(job) {
            Ok(()) => Ok(pending),
            Err(_) => Err(self.shared.full()),
        }
    }
}

/// A job, and what its output comes by.
fn job<T, O>(task: T, cancellation: &CancellationToken) -> (QueuedTask<T, O>, Pending<O>) {
    let (reply, answer) = mpsc::sync_channel(1);
    let job = QueuedTask {
        task,
        cancellation: cancellation.clone(),
        queued: Instant::now(),
        reply,
    };
    let cancellation = cancellation.clone();
    (
        job,
        Pending {
            answer,
            cancellation,
        },
    )
}

impl<O> Pending<O> {
    /// The output. Faults: those of [`Pool::run`] but for the full queue.
    pub fn wait(self) -> Result<Done<O>, Fault> {
        loop {
            match self.answer.recv_timeout(POLL) {
                Ok(result) => return result,
                // The worker checks the cancellation as well, and finds the task cancelled.
                Err(RecvTimeoutError::Timeout) => self.cancellation.check()?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Fault::engine("the worker ended without an answer"));
                }
            }
        }
    }
}

impl<T, O> PoolCore<T, O> {
    fn full(&self) -> Fault {
        let jobs = self.queue.waiting().load(Ordering::Relaxed) as u64;
        let wait_ms = self.pace_ms.load(Ordering::Relaxed) * (jobs + 1) / self.workers as u64;
        let retry_after_s = wait_ms.div_ceil(1_000).clamp(1, 600) as u32;
        Fault::new(
            Kind::Busy { retry_after_s },
            format!(
                "The queue is full: {jobs} requests wait already. Try again in {retry_after_s} s."
            ),
        )
        .because(format!("pool {}", self.name))
    }

    fn observe(&self, ran: Duration) {
        let old = self.pace_ms.load(Ordering::Relaxed);
        let new = (old * 3 + ran.as_millis() as u64) / 4;
        self.pace_ms.store(new.max(1), Ordering::Relaxed);
    }
}

fn work<T, O>(shared: &PoolCore<T, O>, built: &mpsc::Sender<Result<(), Fault>>) {
    let mut engine = match (shared.factory)() {
        Ok(engine) => Some(engine),
        Err(fault) => {
            let _ = built.send(Err(fault));
            return;
        }
    };
    let _ = built.send(Ok(()));
    while let Some(job) = shared.queue.pop() {
        let queued = job.queued.elapsed();
        let begun = Instant::now();
        let result = job
            .cancellation
            .check()
            .and_then(|()| attempt(shared, &mut engine, job.task, &job.cancellation));
        let ran = begun.elapsed();
        shared.observe(ran);
        // The caller may have left.
        let _ = job.reply.try_send(result.map(|output| Done {
            output,
            queued,
            ran,
        }));
        // Only now, so that the client of the job that broke the engine does not wait for a new one.
        if engine.is_none() {
            engine = rebuild(shared);
        }
    }
}

/// Runs one task. A panic costs the engine, because its state is not known any more.
fn attempt<T, O>(
    shared: &PoolCore<T, O>,
    slot: &mut Option<Box<dyn Engine<Task = T, Output = O>>>,
    task: T,
    cancellation: &CancellationToken,
) -> Result<O, Fault> {
    if slot.is_none() {
        *slot = rebuild(shared);
    }
    let Some(engine) = slot.as_mut() else {
        return Err(Fault::engine("the engine could not be built again"));
    };
    match catch_unwind(AssertUnwindSafe(|| engine.run(task, cancellation))) {
        Ok(result) => result,
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no words");
            *slot = None;
            Err(Fault::engine(format!("the engine panicked: {said}")))
        }
    }
}

fn rebuild<T, O>(shared: &PoolCore<T, O>) -> Option<Box<dyn Engine<Task = T, Output = O>>> {
    log::warn!("pool {}: building a new engine after a panic", shared.name);
    match catch_unwind(AssertUnwindSafe(|| (shared.factory)())) {
        Ok(Ok(engine)) => Some(engine),
        Ok(Err(fault)) => {
            log::error!(
                "pool {}: the engine could not be built again: {fault}",
                shared.name
            );
            None
        }
        Err(_) => {
            log::error!("pool {}: building the engine panicked", shared.name);
            None
        }
    }
}

impl<T, O> Drop for Pool<T, O> {
    /// Takes no more work and waits for what runs.
    fn drop(&mut self) {
        self.shared.queue.close();
        let threads = self
            .threads
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    enum Play {
        Say(u32),
        /// Meets, then goes on until its cancellation ends.
        Last(Arc<Barrier>),
        Panic,
        Meet(Arc<Barrier>),
    }

    struct Player;

    impl Engine for Player {
        type Task = Play;
        type Output = u32;
        fn run(&mut self, task: Play, cancellation: &CancellationToken) -> Result<u32, Fault> {
            match task {
                Play::Say(n) => Ok(n),
                Play::Last(barrier) => {
                    barrier.wait();
                    loop {
                        cancellation.check()?;
                        thread::yield_now();
                    }
                }
                Play::Panic => panic!("on purpose"),
                Play::Meet(barrier) => {
                    barrier.wait();
                    barrier.wait();
                    Ok(0)
                }
            }
        }
    }

    fn pool(depth: usize) -> Arc<Pool<Play, u32>> {
        Arc::new(Pool::start("test", 1, depth, || Ok(Box::new(Player))).unwrap())
    }

    fn soon() -> CancellationToken {
        CancellationToken::until(Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn a_panic_is_an_engine_fault_and_the_next_task_runs() {
        let pool = pool(4);
        assert_eq!(
            pool.run(Play::Panic, &soon()).unwrap_err().kind,
            Kind::Engine
        );
        assert_eq!(pool.run(Play::Say(7), &soon()).unwrap().output, 7);
    }

    #[test]
    fn a_full_queue_is_busy_and_a_late_task_is_an_engine_fault() {
        let pool = pool(1);
        let barrier = Arc::new(Barrier::new(2));
        let (first, met) = (pool.clone(), barrier.clone());
        let running = thread::spawn(move || first.run(Play::Meet(met), &soon()));
        barrier.wait(); // the worker is busy
        let late = CancellationToken::until(Instant::now());
        let fault = pool.run(Play::Say(1), &late).unwrap_err();
        assert_eq!(
            fault.kind,
            Kind::Engine,
            "its deadline passed while it waited: {fault}"
        );
        let fault = pool.run(Play::Say(2), &soon()).unwrap_err();
        assert!(
            matches!(fault.kind, Kind::Busy { retry_after_s: 1.. }),
            "one waits already: {fault}"
        );
        barrier.wait();
        running.join().unwrap().unwrap();
        // The late task still waits for the worker to drop it.
        while pool.shared.queue.waiting().load(Ordering::Relaxed) > 0 {
            thread::yield_now();
        }
        assert_eq!(pool.run(Play::Say(3), &soon()).unwrap().output, 3);
    }

    #[test]
    fn an_idle_task_gives_way_to_a_request_and_is_begun_again() {
        let pool = pool(4);
        let barrier = Arc::new(Barrier::new(2));
        let (idle, met) = (pool.clone(), barrier.clone());
        let mut begun = 0;
        let running = thread::spawn(move || {
            let task = || {
                begun += 1;
                match begun {
                    1 => Play::Last(met.clone()),
                    _ => Play::Say(begun),
                }
            };
            idle.run_idle(task, &soon())
        });
        barrier.wait(); // it has the only worker
        assert_eq!(pool.run(Play::Say(7), &soon()).unwrap().output, 7);
        assert_eq!(running.join().unwrap().unwrap().output, 2);
    }

    #[test]
    fn an_idle_task_gives_way_so_often_and_no_more() {
        let pool = pool(4);
        let barrier = Arc::new(Barrier::new(2));
        let (idle, met) = (pool.clone(), barrier.clone());
        let running = thread::spawn(move || {
            let mut begun = 0;
            let task = || {
                begun += 1;
                match begun <= GIVES_WAY_MAX {
                    true => Play::Last(met.clone()),
                    false => Play::Meet(met.clone()),
                }
            };
            idle.run_idle(task, &soon())
        });
        for _ in 0..GIVES_WAY_MAX {
            barrier.wait();
            pool.run(Play::Say(1), &soon()).unwrap();
        }
        barrier.wait();
        let other = pool.clone();
        let waits = thread::spawn(move || other.run(Play::Say(3), &soon()));
        barrier.wait(); // it goes on although one waits
        assert_eq!(running.join().unwrap().unwrap().output, 0);
        assert_eq!(waits.join().unwrap().unwrap().output, 3);
    }

    #[test]
    fn an_engine_that_cannot_be_built_fails_the_start() {
        let start = Pool::<Play, u32>::start("test", 2, 1, || Err(Fault::missing("no model")));
        assert_eq!(start.err().unwrap().sentence, "no model");
    }
}
