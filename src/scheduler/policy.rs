//! Who is next: the least served of those that have a step to run, of several the one that ran longest ago. No clock, no threads: see the folder's page.

use std::collections::{HashMap, VecDeque};

use crate::store::AccountId;

/// The class of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// A client waits for it.
    Request,
    /// It runs beside the requests, with a small share of its own.
    Idle,
}

impl Class {
    /// Both classes.
    pub const ALL: [Class; 2] = [Class::Request, Class::Idle];

    /// Seconds that it computes for each second of a request, while both have steps to run all the time.
    fn weight(self) -> f64 {
        match self {
            Class::Request => 1.0,
            // A tenth of the whole.
            Class::Idle => 1.0 / 9.0,
        }
    }
}

/// Seconds served by which members count as alike. Steps of the same length differ by as much on a machine with other work;
/// without it, streams that started together have their second pieces in random order, and players that started first
/// run dry (2026-11-30-fairness).
const ALIKE_S: f64 = 0.5;

/// A task that entered the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskId(u64);

/// A step that waits or runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StepId(u64);

/// The tree of classes, accounts and tasks, and the steps of the tasks.
#[derive(Debug)]
pub struct Policy {
    lanes: usize,
    running: usize,
    running_idle: usize,
    nodes: HashMap<NodeId, Node>,
    steps: HashMap<StepId, PolicyStep>,
    /// Ids and turns so far.
    count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum NodeId {
    Root,
    Class(Class),
    Account(Class, Option<AccountId>),
    Task(TaskId),
}

#[derive(Debug)]
struct Node {
    parent: Option<NodeId>,
    children: Vec<NodeId>,
    weight: f64,
    /// Seconds computed, divided by the weight, as its siblings count them.
    served: f64,
    /// What the least served active child has been served: where a child that arrives counts from.
    floor: f64,
    /// Turn in which it ran last; 0 before the first.
    last_turn: u64,
    /// When it came to be among its siblings.
    entered: u64,
    /// Steps of it and its children that wait, those of them that let all others go first, and those that run.
    waiting: usize,
    patient: usize,
    running: usize,
    /// Of a task: its steps that wait, in order; and the seconds that it will still compute, as far as is known.
    steps: VecDeque<StepId>,
    left_s: f64,
}

#[derive(Debug)]
struct PolicyStep {
    task: TaskId,
    class: Class,
    expected_s: f64,
    is_patient: bool,
    is_running: bool,
}

impl Node {
    /// Returns how many steps wait for their turn.
    fn pressing(&self) -> usize {
        self.waiting - self.patient
    }

    /// Whether its share counts: one whose steps let all others go first saves up no time meanwhile.
    fn is_active(&self) -> bool {
        self.pressing() + self.running > 0
    }
}

impl Policy {
    /// Returns a policy without tasks, for `lanes` lanes.
    pub fn new(lanes: usize) -> Self {
        let mut policy = Policy {
            lanes: lanes.max(1),
            running: 0,
            running_idle: 0,
            nodes: HashMap::new(),
            steps: HashMap::new(),
            count: 0,
        };
        policy.insert(NodeId::Root, None, 1.0);
        for class in Class::ALL {
            policy.insert(NodeId::Class(class), Some(NodeId::Root), class.weight());
        }
        policy
    }

    /// Returns how many steps may run at once.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Returns how many steps run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Returns how many steps of `class` wait.
    pub fn waiting(&self, class: Class) -> usize {
        let node = self.nodes.get(&NodeId::Class(class));
        node.map_or(0, |node| node.waiting)
    }

    /// Adds a task of `account`, without a step to run yet, that will compute for about `left_s` seconds.
    pub fn enter(&mut self, class: Class, account: Option<AccountId>, left_s: f64) -> TaskId {
        let class_id = NodeId::Class(class);
        let account_id = NodeId::Account(class, account);
        self.forget_settled(class_id);
        if !self.nodes.contains_key(&account_id) {
            self.insert(account_id, Some(class_id), 1.0);
        }
        let task = TaskId(self.next_count());
        self.insert(NodeId::Task(task), Some(account_id), 1.0);
        self.update(NodeId::Task(task), |node| node.left_s = left_s);
        task
    }

    /// Removes a task and its waiting steps. A step that runs still counts until it is done.
    pub fn leave(&mut self, task: TaskId) {
        let id = NodeId::Task(task);
        let waiting = self.nodes.get(&id).map(|n| n.steps.clone());
        for step in waiting.into_iter().flatten() {
            self.withdraw(step);
        }
        if self.nodes.get(&id).is_some_and(|n| n.running == 0) {
            self.remove(id);
        } else {
            // Gone with its last step.
            self.update(id, |node| node.left_s = f64::NEG_INFINITY);
        }
    }

    /// Adds a step of `task` that is ready to run for about `expected_s` seconds. A step that is patient runs only when no
    /// other wants its lane.
    pub fn ready(&mut self, task: TaskId, expected_s: f64, is_patient: bool) -> StepId {
        let step = StepId(self.next_count());
        let id = NodeId::Task(task);
        let class = self.path(id).into_iter().find_map(|id| match id {
            NodeId::Class(class) => Some(class),
            _ => None,
        });
        for id in self.path(id) {
            self.update(id, |node| {
                node.waiting += 1;
                node.patient += 1;
            });
        }
        self.update(id, |node| node.steps.push_back(step));
        self.steps.insert(
            step,
            PolicyStep {
                task,
                class: class.unwrap_or(Class::Request),
                expected_s,
                is_patient: true,
                is_running: false,
            },
        );
        if !is_patient {
            self.press(step);
        }
        step
    }

    /// Makes a waiting step wait for its turn like others from now on, if it was patient.
    pub fn press(&mut self, step: StepId) {
        let waits = |s: &&mut PolicyStep| s.is_patient && !s.is_running;
        let Some(pressed) = self.steps.get_mut(&step).filter(waits) else {
            return;
        };
        pressed.is_patient = false;
        let id = NodeId::Task(pressed.task);
        // From the top, so that each arrives where its parent's floor is.
        for id in self.path(id).into_iter().rev() {
            let parent = self.nodes.get(&id).and_then(|n| n.parent);
            let parent = parent.and_then(|p| self.nodes.get(&p));
            let floor = parent.map_or(0.0, |p| p.floor);
            self.update(id, |node| {
                if !node.is_active() {
                    node.served = node.served.max(floor);
                }
                node.patient -= 1;
            });
        }
    }

    /// Removes a waiting step. A step that runs or has ended stays as it is.
    pub fn withdraw(&mut self, step: StepId) {
        if self.steps.get(&step).is_none_or(|s| s.is_running) {
            return;
        }
        if let Some(withdrawn) = self.steps.remove(&step) {
            let id = NodeId::Task(withdrawn.task);
            for id in self.path(id) {
                self.update(id, |node| {
                    node.waiting -= 1;
                    node.patient -= usize::from(withdrawn.is_patient);
                });
            }
            self.update(id, |node| node.steps.retain(|s| *s != step));
        }
    }

    /// Starts the step that is next and returns it; none when no lane is free for a waiting step.
    pub fn start_next(&mut self) -> Option<StepId> {
        if self.running >= self.lanes {
            return None;
        }
        let step = self.next(false).or_else(|| self.next(true))?;
        self.start(step);
        Some(step)
    }

    /// Returns the step that is next, of all that wait or of those that are not patient.
    fn next(&self, with_patient: bool) -> Option<StepId> {
        let mut id = NodeId::Root;
        loop {
            let node = self.nodes.get(&id)?;
            let waits = |step: &&StepId| {
                with_patient || self.steps.get(step).is_some_and(|s| !s.is_patient)
            };
            if let Some(&step) = node.steps.iter().find(waits) {
                return Some(step);
            }
            let wait = |node: &Node| match with_patient {
                true => node.waiting > 0,
                false => node.pressing() > 0,
            };
            let children = node.children.iter();
            let open = children.filter_map(|child| Some((*child, self.nodes.get(child)?)));
            let open = open.filter(|(child, node)| wait(node) && self.may_run(*child));
            let open: Vec<(NodeId, &Node)> = open.collect();
            let least = open.iter().map(|(_, node)| node.served);
            let alike = least.min_by(f64::total_cmp)? + ALIKE_S;
            let first = open.iter().filter(|(_, node)| node.served <= alike);
            id = first
                .min_by_key(|(_, node)| (node.last_turn, node.entered))?
                .0;
        }
    }

    /// Notes that a step has ended after `took_s` seconds.
    pub fn done(&mut self, step: StepId, took_s: f64) {
        let Some(done) = self.steps.remove(&step).filter(|s| s.is_running) else {
            return;
        };
        self.running -= 1;
        self.running_idle -= usize::from(done.class == Class::Idle);
        let id = NodeId::Task(done.task);
        self.charge(id, took_s - done.expected_s);
        for id in self.path(id) {
            self.update(id, |node| node.running -= 1);
        }
        self.update(id, |node| node.left_s -= took_s);
        let is_gone = |n: &Node| n.running == 0 && n.left_s == f64::NEG_INFINITY;
        if self.nodes.get(&id).is_some_and(is_gone) {
            self.remove(id);
        }
    }

    /// Returns the seconds that the tasks of `class` still need on all lanes, as far as is known.
    pub fn queued_s(&self, class: Class) -> f64 {
        let accounts = self.nodes.get(&NodeId::Class(class));
        let accounts = accounts.map_or(&[][..], |node| &node.children);
        let left: f64 = accounts.iter().map(|account| self.left_s(*account)).sum();
        left / self.lanes as f64
    }

    /// Returns the seconds until the first step of a new task of `account` would start: the waiting steps of its own tasks
    /// come first, each in turn with those of the other accounts that compute.
    pub fn wait_s(&self, class: Class, account: Option<AccountId>) -> f64 {
        let own = NodeId::Account(class, account);
        let is_own = |step: &&PolicyStep| {
            let parent = self.nodes.get(&NodeId::Task(step.task));
            !step.is_running && parent.and_then(|n| n.parent) == Some(own)
        };
        let waiting_s: f64 = self
            .steps
            .values()
            .filter(is_own)
            .map(|s| s.expected_s)
            .sum();
        let siblings = self.nodes.get(&NodeId::Class(class));
        let siblings = siblings.map_or(&[][..], |node| &node.children);
        let computes = |id: &&NodeId| {
            self.nodes
                .get(id)
                .is_some_and(|n| n.waiting + n.running > 0)
        };
        let others = siblings.iter().filter(|id| **id != own).filter(computes);
        waiting_s * (1 + others.count()) as f64 / self.lanes as f64
    }

    fn left_s(&self, id: NodeId) -> f64 {
        let Some(node) = self.nodes.get(&id) else {
            return 0.0;
        };
        let below: f64 = node.children.iter().map(|child| self.left_s(*child)).sum();
        below + node.left_s.max(0.0)
    }

    /// Idle tasks leave a lane to requests, where there are several.
    fn may_run(&self, id: NodeId) -> bool {
        id != NodeId::Class(Class::Idle) || self.running_idle < self.lanes.saturating_sub(1).max(1)
    }

    fn start(&mut self, step: StepId) {
        let Some(starting) = self.steps.get_mut(&step) else {
            return;
        };
        starting.is_running = true;
        let (id, expected_s) = (NodeId::Task(starting.task), starting.expected_s);
        let patient = usize::from(starting.is_patient);
        self.running_idle += usize::from(starting.class == Class::Idle);
        self.running += 1;
        let turn = self.next_count();
        for id in self.path(id) {
            self.update(id, |node| {
                node.waiting -= 1;
                node.patient -= patient;
                node.running += 1;
                node.last_turn = turn;
            });
        }
        self.update(id, |node| node.steps.retain(|s| *s != step));
        self.charge(id, expected_s);
    }

    /// Counts `seconds` of computing for a task and all above it.
    fn charge(&mut self, task: NodeId, seconds: f64) {
        for id in self.path(task) {
            let mut parent = None;
            self.update(id, |node| {
                node.served += seconds / node.weight;
                parent = node.parent;
            });
            let Some((parent, node)) = parent.and_then(|p| Some((p, self.nodes.get(&p)?))) else {
                continue;
            };
            let children = node
                .children
                .iter()
                .filter_map(|child| self.nodes.get(child));
            let active = children.filter(|child| child.is_active());
            if let Some(least) = active.map(|child| child.served).min_by(f64::total_cmp) {
                self.update(parent, |node| node.floor = node.floor.max(least));
            }
        }
    }

    /// A node and all above it.
    fn path(&self, id: NodeId) -> Vec<NodeId> {
        let parent = |id: &NodeId| self.nodes.get(id).and_then(|node| node.parent);
        let known = self.nodes.contains_key(&id).then_some(id);
        std::iter::successors(known, parent).collect()
    }

    fn insert(&mut self, id: NodeId, parent: Option<NodeId>, weight: f64) {
        let entered = self.next_count();
        let floor = parent
            .and_then(|p| self.nodes.get(&p))
            .map_or(0.0, |p| p.floor);
        if let Some(parent) = parent {
            self.update(parent, |node| node.children.push(id));
        }
        self.nodes.insert(
            id,
            Node {
                parent,
                children: Vec::new(),
                weight,
                served: floor,
                floor: 0.0,
                last_turn: 0,
                entered,
                waiting: 0,
                patient: 0,
                running: 0,
                steps: VecDeque::new(),
                left_s: 0.0,
            },
        );
    }

    fn remove(&mut self, id: NodeId) {
        if let Some(parent) = self.nodes.remove(&id).and_then(|node| node.parent) {
            self.update(parent, |node| node.children.retain(|child| *child != id));
        }
    }

    /// Forgets the accounts of a class that have no tasks and owe nothing to the others.
    fn forget_settled(&mut self, class: NodeId) {
        let Some(node) = self.nodes.get(&class) else {
            return;
        };
        let is_settled = |id: &NodeId| {
            let account = self.nodes.get(id);
            account.is_some_and(|a| a.children.is_empty() && a.served <= node.floor)
        };
        let settled: Vec<NodeId> = node.children.iter().copied().filter(is_settled).collect();
        settled.into_iter().for_each(|id| self.remove(id));
    }

    fn update(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(&id) {
            change(node);
        }
    }

    fn next_count(&mut self) -> u64 {
        self.count += 1;
        self.count
    }
}
