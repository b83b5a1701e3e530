//! The policy under simulated load: a clock of its own, thousands of tasks, lanes from 1 to 64.

use std::collections::HashMap;

use super::policy::{Class, Policy, StepId, TaskId};
use crate::store::AccountId;
use vocabox_base::random::SplitMix;

/// A number in [0, 1).
fn roll(random: &mut SplitMix) -> f64 {
    (random.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

fn account(number: u64) -> Option<AccountId> {
    serde_json::from_value(number.into()).ok()
}

/// A task that is simulated: steps of random lengths around a mean.
struct Simulated {
    account: u64,
    class: Class,
    arrived_s: f64,
    first_s: Option<f64>,
    steps_left: usize,
    step_s: f64,
}

/// Runs a policy by a clock of its own.
struct Simulation {
    policy: Policy,
    random: SplitMix,
    now_s: f64,
    tasks: HashMap<TaskId, Simulated>,
    waiting: HashMap<StepId, TaskId>,
    /// Steps that run: when each ends, and how long it took.
    running: Vec<(f64, f64, StepId, TaskId)>,
    /// Seconds computed by account and by class.
    by_account: HashMap<u64, f64>,
    by_class: HashMap<Class, f64>,
    /// The account of each task, and the seconds from its arrival to the start of its first step.
    waits_s: Vec<(u64, f64)>,
    finished: usize,
    busy_s: f64,
}

impl Simulation {
    fn new(lanes: usize) -> Self {
        Simulation {
            policy: Policy::new(lanes),
            random: SplitMix::new(7),
            now_s: 0.0,
            tasks: HashMap::new(),
            waiting: HashMap::new(),
            running: Vec::new(),
            by_account: HashMap::new(),
            by_class: HashMap::new(),
            waits_s: Vec::new(),
            finished: 0,
            busy_s: 0.0,
        }
    }

    fn arrive(&mut self, number: u64, class: Class, steps: usize, step_s: f64) -> TaskId {
        let task = self
            .policy
            .enter(class, account(number), steps as f64 * step_s);
        self.tasks.insert(
            task,
            Simulated {
                account: number,
                class,
                arrived_s: self.now_s,
                first_s: None,
                steps_left: steps,
                step_s,
            },
        );
        self.ask(task);
        task
    }

    /// The task's next step waits; what is expected is off by up to half.
    fn ask(&mut self, task: TaskId) {
        let expected_s = self.tasks[&task].step_s * (0.5 + roll(&mut self.random));
        let step = self.policy.ready(task, expected_s, false);
        self.waiting.insert(step, task);
    }

    fn grant(&mut self) {
        while let Some(step) = self.policy.start_next() {
            let id = self
                .waiting
                .remove(&step)
                .expect("only steps that wait are given a lane");
            let task = self.tasks.get_mut(&id).unwrap();
            if task.first_s.is_none() {
                task.first_s = Some(self.now_s);
                let wait_s = self.now_s - task.arrived_s;
                self.waits_s.push((task.account, wait_s));
            }
            let took_s = task.step_s * (0.5 + roll(&mut self.random));
            self.running.push((self.now_s + took_s, took_s, step, id));
            assert!(self.running.len() <= self.policy.lanes());
        }
        assert!(
            self.waiting.is_empty()
                || self.running.len() == self.policy.lanes()
                || self.policy.waiting(Class::Request) == 0,
            "a lane is free while a request waits"
        );
    }

    /// The next step ends; none runs when this is false.
    fn advance(&mut self, until_s: f64) -> bool {
        self.grant();
        let first = (0..self.running.len())
            .min_by(|a, b| self.running[*a].0.total_cmp(&self.running[*b].0));
        let Some(first) = first.filter(|at| self.running[*at].0 <= until_s) else {
            self.busy_s += self.running.len() as f64 * (until_s - self.now_s).max(0.0);
            self.now_s = self.now_s.max(until_s);
            return false;
        };
        let (end_s, took_s, step, id) = self.running.swap_remove(first);
        self.busy_s += (self.running.len() + 1) as f64 * (end_s - self.now_s);
        self.now_s = end_s;
        self.policy.done(step, took_s);
        let task = self.tasks.get_mut(&id).unwrap();
        task.steps_left -= 1;
        *self.by_account.entry(task.account).or_default() += took_s;
        *self.by_class.entry(task.class).or_default() += took_s;
        match task.steps_left {
            0 => {
                self.tasks.remove(&id);
                self.policy.leave(id);
                self.finished += 1;
            }
            _ => self.ask(id),
        }
        true
    }

    fn run_until(&mut self, until_s: f64) {
        while self.advance(until_s) {}
    }

    /// Until nothing is left to do.
    fn drain(&mut self) {
        while !self.tasks.is_empty() {
            assert!(self.advance(f64::MAX), "tasks are left and none can run");
        }
    }
}

/// Jain's index: 1 when all are alike, 1/n when one has all.
fn fairness(values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    let squares: f64 = values.iter().map(|v| v * v).sum();
    sum * sum / (values.len() as f64 * squares)
}

#[test]
fn ten_thousand_random_arrivals_of_fifty_accounts_all_end_and_none_starves() {
    for lanes in [1, 2, 16, 64] {
        let mut simulation = Simulation::new(lanes);
        let mut random = SplitMix::new(11);
        // Some 90 % of what the lanes can do: 5.5 steps of 0.55 s on average.
        let gap_s = 5.5 * 0.55 / (0.9 * lanes as f64);
        for number in 0..10_000 {
            let at_s = simulation.now_s + 2.0 * gap_s * roll(&mut random);
            simulation.run_until(at_s);
            let class = if number % 10 == 9 {
                Class::Idle
            } else {
                Class::Request
            };
            let steps = 1 + (10.0 * roll(&mut random)) as usize;
            let account = (50.0 * roll(&mut random)) as u64;
            simulation.arrive(account, class, steps, 0.1 + 0.9 * roll(&mut random));
        }
        simulation.drain();
        assert_eq!(simulation.finished, 10_000);
        assert_eq!(simulation.policy.running(), 0);
        let waits_s = simulation.waits_s.iter();
        let longest = waits_s.fold(0.0, |longest: f64, (_, s)| longest.max(*s));
        assert!(longest < 300.0, "{lanes} lanes: one waited {longest} s");
    }
}

#[test]
fn accounts_that_always_have_work_compute_alike_however_they_cut_it() {
    for lanes in [1, 2, 16, 64] {
        let mut simulation = Simulation::new(lanes);
        // Every account has more to do than fits, in few long steps or many short ones, in one request or in twenty.
        for account in 0..50 {
            let step_s = 0.1 + 0.04 * account as f64;
            let requests = 1 + account % 20;
            for _ in 0..requests * 2 {
                simulation.arrive(account, Class::Request, 100_000, step_s);
            }
        }
        simulation.run_until(2_000.0);
        let computed: Vec<f64> = simulation.by_account.values().copied().collect();
        assert_eq!(computed.len(), 50);
        let index = fairness(&computed);
        assert!(index >= 0.95, "{lanes} lanes: {index}");
    }
}

#[test]
fn requests_of_an_account_compute_alike() {
    let mut simulation = Simulation::new(2);
    let tasks: Vec<TaskId> = (0..10)
        .map(|n| simulation.arrive(1, Class::Request, 100_000, 0.1 + 0.2 * n as f64))
        .collect();
    simulation.run_until(2_000.0);
    let done = |id: &TaskId| {
        let task = &simulation.tasks[id];
        (100_000 - task.steps_left) as f64 * task.step_s
    };
    let computed: Vec<f64> = tasks.iter().map(done).collect();
    assert!(fairness(&computed) >= 0.95, "{computed:?}");
}

#[test]
fn a_newcomer_waits_for_one_step_and_no_more() {
    let mut simulation = Simulation::new(2);
    for _ in 0..17 {
        simulation.arrive(1, Class::Request, 1_000, 2.0);
    }
    for round in 0..50 {
        simulation.run_until(10.0 * f64::from(round + 1));
        simulation.arrive(2, Class::Request, 1, 0.5);
    }
    simulation.run_until(1_000.0);
    let newcomers = simulation
        .waits_s
        .iter()
        .filter(|(account, _)| *account == 2);
    let longest = newcomers.fold(0.0, |longest: f64, (_, s)| longest.max(*s));
    assert!(longest <= 3.0, "{longest} s: a step takes 3 s at the most");
}

#[test]
fn idle_tasks_get_a_tenth_beside_requests_and_all_lanes_but_one_without_them() {
    for lanes in [1, 2, 16] {
        let mut simulation = Simulation::new(lanes);
        for account in 0..32 {
            simulation.arrive(account, Class::Request, 100_000, 0.5);
            simulation.arrive(account, Class::Idle, 100_000, 0.5);
        }
        simulation.run_until(2_000.0);
        let idle = simulation.by_class[&Class::Idle];
        let share = idle / (idle + simulation.by_class[&Class::Request]);
        assert!((0.09..0.11).contains(&share), "{lanes} lanes: {share}");
    }
    let mut simulation = Simulation::new(4);
    for account in 0..8 {
        simulation.arrive(account, Class::Idle, 100_000, 0.5);
    }
    simulation.run_until(100.0);
    assert!(
        (simulation.busy_s - 300.0).abs() < 1.0,
        "{}",
        simulation.busy_s
    );
}

#[test]
fn sixty_four_lanes_are_busy_while_there_is_work() {
    let mut simulation = Simulation::new(64);
    for account in 0..50 {
        for _ in 0..4 {
            simulation.arrive(account, Class::Request, 100_000, 0.4);
        }
    }
    simulation.run_until(500.0);
    assert!((simulation.busy_s - 64.0 * 500.0).abs() < 1.0);
}

#[test]
fn a_task_that_leaves_takes_its_steps_along() {
    let mut policy = Policy::new(1);
    let (first, second) = (
        policy.enter(Class::Request, account(1), 1.0),
        policy.enter(Class::Request, account(2), 1.0),
    );
    let running = policy.ready(first, 1.0, false);
    assert_eq!(policy.start_next(), Some(running));
    let waiting = [
        policy.ready(first, 1.0, false),
        policy.ready(second, 1.0, false),
    ];
    assert_eq!(
        (policy.start_next(), policy.waiting(Class::Request)),
        (None, 2)
    );
    policy.leave(first);
    assert_eq!((policy.running(), policy.waiting(Class::Request)), (1, 1));
    policy.done(running, 0.5);
    assert_eq!(policy.start_next(), Some(waiting[1]));
    policy.leave(second);
    policy.done(waiting[1], 0.5);
    assert_eq!((policy.running(), policy.start_next()), (0, None));
    assert_eq!(policy.queued_s(Class::Request), 0.0);
}

#[test]
fn patient_steps_take_free_lanes_and_let_all_others_go_first() {
    let mut policy = Policy::new(1);
    let (patient, other) = (
        policy.enter(Class::Request, account(1), 1.0),
        policy.enter(Class::Request, account(2), 1.0),
    );
    for _ in 0..5 {
        // The other task has computed, and comes first all the same.
        let steps = [
            policy.ready(patient, 1.0, true),
            policy.ready(other, 1.0, false),
        ];
        assert_eq!(policy.start_next(), Some(steps[1]));
        policy.done(steps[1], 1.0);
        policy.withdraw(steps[0]);
    }
    // Alone, it runs; pressed, it goes before one that has been served more, and has saved up no time.
    let alone = policy.ready(patient, 1.0, true);
    assert_eq!(policy.start_next(), Some(alone));
    policy.done(alone, 1.0);
    let pressed = policy.ready(patient, 1.0, true);
    policy.press(pressed);
    let mut order = Vec::new();
    for _ in 0..4 {
        let step = policy.ready(other, 1.0, false);
        let first = policy.start_next().unwrap();
        order.push(first == pressed);
        policy.done(first, 1.0);
        policy.withdraw(step);
    }
    assert_eq!(
        order.iter().filter(|was_it| **was_it).count(),
        1,
        "{order:?}"
    );
    assert_eq!((policy.running(), policy.waiting(Class::Request)), (0, 0));
}

#[test]
fn of_those_that_were_served_alike_the_one_that_ran_longest_ago_goes_first() {
    let mut policy = Policy::new(1);
    let tasks = [1, 2, 3].map(|number| policy.enter(Class::Request, account(number), 9.0));
    let mut order = Vec::new();
    // Steps of one length take a little less from one to the next: the least served alone would turn the order round.
    for took_s in [1.0, 0.9, 0.8, 1.0, 0.9, 0.8] {
        let steps = tasks.map(|task| policy.ready(task, 1.0, false));
        let first = policy.start_next().unwrap();
        order.push(steps.iter().position(|step| *step == first).unwrap());
        policy.done(first, took_s);
        steps.into_iter().for_each(|step| policy.withdraw(step));
    }
    assert_eq!(order, [0, 1, 2, 0, 1, 2]);
}
