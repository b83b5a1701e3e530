//! A bounded first-in-first-out queue. Who finds it full is told at once. Beside it a second one, for when the first is empty.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Jobs waiting for a worker.
pub struct Queue<J> {
    state: Mutex<QueueState<J>>,
    arrived: Condvar,
    depth_max: usize,
    /// As many as `jobs` has, for those who look without the lock.
    waiting: Arc<AtomicUsize>,
}

struct QueueState<J> {
    jobs: VecDeque<J>,
    /// No request waits for these.
    idle: VecDeque<J>,
    is_closed: bool,
}

impl<J> Queue<J> {
    /// An empty queue of at most `depth_max` waiting jobs.
    pub fn new(depth_max: usize) -> Self {
        Queue {
            state: Mutex::new(QueueState {
                jobs: VecDeque::with_capacity(depth_max),
                idle: VecDeque::new(),
                is_closed: false,
            }),
            arrived: Condvar::new(),
            depth_max,
            waiting: Arc::default(),
        }
    }

    /// Adds a job, or gives it back when the queue is full or closed.
    pub fn push(&self, job: J) -> Result<(), J> {
        let mut state = self.lock();
        if state.is_closed || state.jobs.len() >= self.depth_max {
            return Err(job);
        }
        state.jobs.push_back(job);
        self.waiting.store(state.jobs.len(), Ordering::Relaxed);
        self.arrived.notify_one();
        Ok(())
    }

    /// Adds a job that is given out when no other waits, or gives it back when as many of its kind wait as the queue is deep
    /// or the queue is closed.
    pub fn push_idle(&self, job: J) -> Result<(), J> {
        let mut state = self.lock();
        if state.is_closed || state.idle.len() >= self.depth_max {
            return Err(job);
        }
        state.idle.push_back(job);
        self.arrived.notify_one();
        Ok(())
    }

    /// The job that has waited longest, an idle one only where there is no other; waits for one. None once the queue is closed
    /// and no request waits.
    pub fn pop(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                self.waiting.store(state.jobs.len(), Ordering::Relaxed);
                return Some(job);
            }
            if state.is_closed {
                state.idle.clear();
                return None;
            }
            if let Some(job) = state.idle.pop_front() {
                return Some(job);
            }
            state = self
                .arrived
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Jobs that wait now, but for the idle ones.
    pub fn waiting(&self) -> Arc<AtomicUsize> {
        self.waiting.clone()
    }

    /// Takes no more jobs; those that wait are still given out, but for the idle ones.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_all();
    }

    /// No code that can panic runs under this lock, so a poisoned one is whole.
    fn lock(&self) -> MutexGuard<'_, QueueState<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_gives_the_job_back_and_a_closed_one_ends_after_its_last() {
        let queue = Queue::new(2);
        assert_eq!(
            (queue.push(1), queue.push(2), queue.push(3)),
            (Ok(()), Ok(()), Err(3))
        );
        assert_eq!(queue.pop(), Some(1));
        queue.close();
        assert_eq!(queue.push(4), Err(4));
        assert_eq!((queue.pop(), queue.pop()), (Some(2), None));
    }

    #[test]
    fn idle_jobs_come_when_no_other_waits_and_not_after_the_end() {
        let queue = Queue::new(2);
        assert_eq!((queue.push_idle(1), queue.push(2)), (Ok(()), Ok(())));
        assert_eq!((queue.pop(), queue.pop()), (Some(2), Some(1)));
        queue.push_idle(3).unwrap();
        queue.push_idle(4).unwrap();
        assert_eq!(queue.push_idle(5), Err(5));
        assert_eq!(queue.push(6), Ok(()), "the other kind does not fill it");
        queue.close();
        assert_eq!((queue.pop(), queue.pop()), (Some(6), None));
    }
}
