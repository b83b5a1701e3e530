//! The scheduler: which step of which request computes next.
//!
//! The unit is a *step*: what an engine does between two questions whether it may go on, such as a piece of a text, a
//! window of a recording, or some tokens of a decoder. As many steps run at once as there are *lanes*; a lane is the
//! right to compute, and the thread that has the task takes it for the time of one step. What a task needs between two
//! steps stays on its own thread, so that giving way costs nothing.
//!
//! # Policy
//! *The least served goes next*, on three levels: between the classes of tasks, then between the accounts of a class,
//! then between the requests of an account. A level counts the seconds that each member computed, divided by its
//! weight, and takes the member with the least of those that have a step to run. A step is counted with its expected
//! length when it starts and corrected by its real length when it ends. A member that arrives or comes back counts from
//! where the least served active member is: it can neither save up time nor lose its turn. Of members that are served
//! alike, to half a second, the one that ran longest ago goes first. (This is start-time fair queueing, Goyal et al.
//! 1996, as Linux's completely fair scheduler does it. Deficit round robin shares as fairly, but needs the length of a
//! step before it runs, which no engine knows.)
//!
//! * **Requests** have weight 1, **idle tasks** (dubbing, the search for a clone's voice) a ninth: while requests wait all
//!   the time, idle tasks compute a tenth of the time, so that they end. With more than one lane, idle tasks leave one to
//!   requests.
//! * A stream of which more than [`limits::SPEECH_AHEAD_SECONDS`] are made beyond what was played, from its first sound
//!   on at playing speed, is *patient*: its steps run only when no other step wants the lane. So a client that plays never
//!   waits for one that downloads, and no lane is idle while there is work.
//! * A stream whose taker has left as much sound untaken has no step to run and holds no lane. Over HTTP the taker is the
//!   edge, which spools what the client does not take.
//! * A request whose client left, or whose deadline has passed, leaves within [`lanes::POLL`], waiting or running, and at
//!   the latest when the step that runs has ended.
//!
//! | file | one idea |
//! | --- | --- |
//! | `policy` | who is next: no clock, no threads |
//! | `lanes` | threads take turns by the policy |
//! | `estimates` | how long steps and tasks take, learned from those that ended |
//! | `places` | how many requests of a kind, and of an account, may be in the server |
//!
//! [`limits::SPEECH_AHEAD_SECONDS`]: crate::limits::SPEECH_AHEAD_SECONDS

pub mod estimates;
pub mod lanes;
pub mod places;
pub mod policy;
#[cfg(test)]
mod simulation;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use policy::Class;

use crate::store::AccountId;

/// Whose share of the lanes the tasks of one request use, and where their time is noted.
#[derive(Debug, Clone)]
pub struct LaneShare {
    /// None for the server itself and for commands.
    pub account: Option<AccountId>,
    pub class: Class,
    pub times: Arc<LaneTimes>,
}

impl LaneShare {
    /// Returns the share of a request of `account`, whose client waits.
    pub fn request(account: AccountId) -> Self {
        LaneShare {
            account: Some(account),
            class: Class::Request,
            times: Arc::default(),
        }
    }

    /// Returns the share of a task that runs beside the requests. It names no account, because dubbing runs its jobs one
    /// after the other.
    pub fn idle() -> Self {
        LaneShare {
            account: None,
            class: Class::Idle,
            times: Arc::default(),
        }
    }

    /// Returns the share of a command, which has no accounts.
    pub fn command() -> Self {
        LaneShare {
            account: None,
            class: Class::Request,
            times: Arc::default(),
        }
    }
}

/// Where time on and before the lanes went, summed over threads and tasks.
#[derive(Debug, Default)]
pub struct LaneTimes(Mutex<TaskTimes>);

/// The sums of [`LaneTimes`] at a moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TaskTimes {
    /// Waiting for lanes.
    pub queued: Duration,
    /// On lanes; two at once count twice.
    pub ran: Duration,
}

impl LaneTimes {
    /// Returns the sums so far.
    pub fn sums(&self) -> TaskTimes {
        *self.lock()
    }

    /// Adds time that was waited.
    pub fn add_queued(&self, time: Duration) {
        self.lock().queued += time;
    }

    /// Adds time that was computed.
    pub fn add_ran(&self, time: Duration) {
        self.lock().ran += time;
    }

    fn lock(&self) -> MutexGuard<'_, TaskTimes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
