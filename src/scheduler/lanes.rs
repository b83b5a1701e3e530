//! Threads take turns by the policy: a thread that has a task asks for a lane before each step and gives it back after it.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::estimates::{Estimates, Work};
use super::policy::{Class, Policy, StepId, TaskId};
use super::{LaneShare, LaneTimes};
use crate::engine::contract::{CancellationToken, Steps};
use crate::fault::{Fault, Kind};

/// Between two checks of the cancellation of a task that waits.
pub const POLL: Duration = Duration::from_millis(100);

/// A step that ran for less goes on without giving way: engines ask up to a thousand times a second.
pub const STEP_MIN: Duration = Duration::from_millis(20);

/// The lanes of the server, shared by all services.
#[derive(Debug)]
pub struct Lanes {
    state: Mutex<LaneState>,
    /// Told when a step ends.
    ended: Condvar,
}

#[derive(Debug)]
struct LaneState {
    policy: Policy,
    estimates: Estimates,
    /// Threads that wait for their step's turn.
    parked: HashMap<StepId, Thread>,
    /// Steps that have a lane, and whose threads do not know yet.
    granted: HashSet<StepId>,
    /// When the steps that have a lane were given it.
    since: HashMap<StepId, Instant>,
    is_closed: bool,
}

/// What the lanes do at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaneUse {
    pub lanes: usize,
    pub running: usize,
    /// Steps of requests and of idle tasks that wait.
    pub waiting: usize,
    pub waiting_idle: usize,
    /// Seconds until all requests that are in the server are done, as far as is known.
    pub queued_s: f64,
    /// When the step that has been running longest began; none while none runs.
    pub oldest: Option<Instant>,
}

impl LaneUse {
    /// Returns how long the longest of the steps that run has been running.
    pub fn longest(&self) -> Duration {
        self.oldest.map_or(Duration::ZERO, |began| began.elapsed())
    }
}

/// A task: what one request has an engine do. Dropping it leaves the scheduler.
#[derive(Debug)]
pub struct Task {
    lanes: Arc<Lanes>,
    id: TaskId,
    work: Work,
    units: f64,
    cancellation: CancellationToken,
    patient_until: Mutex<Option<Instant>>,
    times: LaneTimes,
    /// Of all tasks of the request.
    request_times: Arc<LaneTimes>,
}

/// A thread that runs the steps of one task, as the lanes see it. Dropping it ends its step.
#[derive(Debug)]
pub struct TaskSeat<'a> {
    task: &'a Task,
    held: Cell<Option<HeldLane>>,
}

#[derive(Debug, Clone, Copy)]
struct HeldLane {
    step: StepId,
    begun: Instant,
}

impl Lanes {
    /// Returns `count` free lanes.
    pub fn new(count: usize) -> Arc<Self> {
        Arc::new(Lanes {
            state: Mutex::new(LaneState {
                policy: Policy::new(count),
                estimates: Estimates::default(),
                parked: HashMap::new(),
                granted: HashSet::new(),
                since: HashMap::new(),
                is_closed: false,
            }),
            ended: Condvar::new(),
        })
    }

    /// Enters a task of `work` with so many of its `units`, and returns it. Faults: `Busy` when its first step would not
    /// start before the deadline of `cancellation`.
    pub fn enter(
        self: &Arc<Self>,
        share: &LaneShare,
        work: Work,
        units: f64,
        cancellation: &CancellationToken,
    ) -> Result<Task, Fault> {
        let mut state = self.lock();
        let wait_s = state.policy.wait_s(share.class, share.account);
        if share.class == Class::Request && wait_s > cancellation.left().as_secs_f64() {
            let retry_after_s = retry_after_s(state.policy.queued_s(Class::Request));
            return Err(Fault::new(
                Kind::Busy { retry_after_s },
                format!(
                    "The request would wait {wait_s:.0} s, longer than it may take. Try again in {retry_after_s} s."
                ),
            ));
        }
        let left_s = state.estimates.task_s(work, units);
        let id = state.policy.enter(share.class, share.account, left_s);
        Ok(Task {
            lanes: Arc::clone(self),
            id,
            work,
            units,
            cancellation: cancellation.clone(),
            patient_until: Mutex::default(),
            times: LaneTimes::default(),
            request_times: Arc::clone(&share.times),
        })
    }

    /// Returns what the lanes do now.
    pub fn usage(&self) -> LaneUse {
        let state = self.lock();
        LaneUse {
            lanes: state.policy.lanes(),
            running: state.policy.running(),
            waiting: state.policy.waiting(Class::Request),
            waiting_idle: state.policy.waiting(Class::Idle),
            queued_s: state.policy.queued_s(Class::Request),
            oldest: state.since.values().min().copied(),
        }
    }

    /// Returns the seconds that the lanes have computed since the start, by kind of work; steps that run are not in them.
    pub fn ran_s(&self) -> Vec<(Work, f64)> {
        let state = self.lock();
        let of = |work| (work, state.estimates.ran_s(work));
        Work::ALL.map(of).to_vec()
    }

    /// Returns the seconds after which a refused client should repeat its request: about when those in the server are done.
    pub fn retry_after_s(&self) -> u32 {
        retry_after_s(self.lock().policy.queued_s(Class::Request))
    }

    /// Lets no further step start and waits for those that run: no engine is in use afterwards.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        state.parked.values().for_each(Thread::unpark);
        while state.policy.running() > 0 {
            state = self
                .ended
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the step `held`, if there is one, and waits for the task's next turn.
    fn turn(&self, task: &Task, held: Option<HeldLane>) -> Result<HeldLane, Fault> {
        let mut state = self.lock();
        if let Some(held) = held {
            self.end(&mut state, task, held);
        }
        let expected_s = state.estimates.step_s(task.work);
        let step = state.policy.ready(task.id, expected_s, task.is_patient());
        state.grant();
        let asked = Instant::now();
        let turn = loop {
            if state.granted.remove(&step) {
                break Ok(());
            }
            if let Err(fault) = self.may_wait(&state, task) {
                break Err(fault);
            }
            state.parked.insert(step, thread::current());
            drop(state);
            thread::park_timeout(POLL);
            state = self.lock();
            if !task.is_patient() {
                state.policy.press(step);
                state.grant();
            }
        };
        state.parked.remove(&step);
        task.note(|times| times.add_queued(asked.elapsed()));
        match turn {
            Ok(()) => Ok(HeldLane {
                step,
                begun: Instant::now(),
            }),
            Err(fault) => {
                state.policy.withdraw(step);
                Err(fault)
            }
        }
    }

    fn may_wait(&self, state: &LaneState, task: &Task) -> Result<(), Fault> {
        match state.is_closed {
            true => Err(Fault::new(Kind::Cancelled, "The server is stopping.")),
            false => task.cancellation.check(),
        }
    }

    fn end(&self, state: &mut LaneState, task: &Task, held: HeldLane) {
        let took = held.begun.elapsed();
        state.policy.done(held.step, took.as_secs_f64());
        state.since.remove(&held.step);
        state.estimates.step_took(task.work, took.as_secs_f64());
        task.note(|times| times.add_ran(took));
        self.ended.notify_all();
    }

    /// No code that can panic runs under this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, LaneState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn retry_after_s(queued_s: f64) -> u32 {
    (queued_s.ceil() as u32).clamp(1, 600)
}

impl LaneState {
    /// Gives the free lanes to those that are next.
    fn grant(&mut self) {
        while !self.is_closed
            && let Some(step) = self.policy.start_next()
        {
            self.granted.insert(step);
            self.since.insert(step, Instant::now());
            if let Some(thread) = self.parked.get(&step) {
                thread.unpark();
            }
        }
    }
}

impl Task {
    /// Returns a seat for the calling thread.
    pub fn seat(&self) -> TaskSeat<'_> {
        TaskSeat {
            task: self,
            held: Cell::new(None),
        }
    }

    /// Lets the steps of all other tasks go first until then.
    pub fn set_patient_until(&self, until: Option<Instant>) {
        *self.patient_until() = until;
    }

    fn is_patient(&self) -> bool {
        self.patient_until()
            .is_some_and(|until| Instant::now() < until)
    }

    fn patient_until(&self) -> MutexGuard<'_, Option<Instant>> {
        (self.patient_until.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the token that ends the task early.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// Notes that the task ended whole: its time tells how long others will take.
    pub fn finished(&self) {
        let ran_s = self.times.sums().ran.as_secs_f64();
        let mut state = self.lanes.lock();
        state.estimates.task_took(self.work, self.units, ran_s);
    }

    fn note(&self, add: impl Fn(&LaneTimes)) {
        add(&self.times);
        add(&self.request_times);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let mut state = self.lanes.lock();
        state.policy.leave(self.id);
        state.grant();
    }
}

impl TaskSeat<'_> {
    /// Gives the lane back, until the next step.
    pub fn release(&self) {
        if let Some(held) = self.held.take() {
            let mut state = self.task.lanes.lock();
            self.task.lanes.end(&mut state, self.task, held);
            state.grant();
        }
    }
}

impl Steps for TaskSeat<'_> {
    /// Faults: `Engine` after the task's deadline, `Cancelled` when its client left or the server stops.
    fn next(&self) -> Result<(), Fault> {
        self.task.cancellation.check()?;
        let held = self.held.get();
        if held.is_some_and(|held| held.begun.elapsed() < STEP_MIN) {
            return Ok(());
        }
        self.held.set(None);
        let turn = self.task.lanes.turn(self.task, held)?;
        self.held.set(Some(turn));
        Ok(())
    }

    fn check(&self) -> Result<(), Fault> {
        self.task.cancellation.check()
    }
}

impl Drop for TaskSeat<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
