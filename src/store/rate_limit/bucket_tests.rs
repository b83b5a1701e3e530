//! Tests a bucket with an artificial clock and a variable as its disk.

use proptest::prelude::*;

use super::*;

const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_NS: u64 = 60 * SECOND_NS;

/// A bucket with its own disk and clock, which a test can kill and start again.
struct Box {
    now_ns: u64,
    limit: u32,
    /// In force since then, in order.
    limits: Vec<(u64, u32)>,
    bucket: Option<Bucket>,
    disk: Option<(Level, u64)>,
    on_its_way: Option<Level>,
    /// When tokens were taken that wait for a record, and how many of them the record on its way covers.
    waiting: Vec<u64>,
    started: usize,
    /// When each token was taken that was given out.
    given: Vec<u64>,
}

impl Box {
    fn new(limit: u32) -> Self {
        Box {
            now_ns: 1_000_000 * SECOND_NS,
            limit,
            limits: vec![(0, limit)],
            bucket: None,
            disk: None,
            on_its_way: None,
            waiting: Vec::new(),
            started: 0,
            given: Vec::new(),
        }
    }

    fn bucket(&mut self) -> &mut Bucket {
        let (disk, limit, now_ns) = (self.disk, self.limit, self.now_ns);
        self.bucket.get_or_insert_with(|| {
            Bucket::new(match disk {
                None => Level::full(limit, now_ns),
                Some((level, at_ns)) => {
                    Level::restored(level.units, level.limit, now_ns - at_ns, limit, now_ns)
                }
            })
        })
    }

    fn take(&mut self) -> Taken {
        let (limit, now_ns) = (self.limit, self.now_ns);
        let taken = self.bucket().take(limit, now_ns);
        match taken {
            Taken::Nothing => {}
            Taken::Covered => self.given.push(now_ns),
            Taken::OnRecord => self.waiting.push(now_ns),
        }
        taken
    }

    /// Takes as many tokens as there are, recording each at once; returns how many there were.
    fn drain(&mut self) -> usize {
        self.waiting.clear();
        let before = self.given.len();
        while self.take() != Taken::Nothing {
            self.begin(false);
            self.commit();
        }
        self.given.len() - before
    }

    fn begin(&mut self, exact: bool) {
        let now_ns = self.now_ns;
        self.on_its_way = Some(self.bucket().record(exact, now_ns));
        self.started = self.waiting.len();
    }

    fn commit(&mut self) {
        if let Some(level) = self.on_its_way.take() {
            self.disk = Some((level, level.at_ns));
            self.bucket().recorded();
            self.given.extend(self.waiting.drain(..self.started));
        }
    }

    /// `arrived`: it was refused, and reached the disk nevertheless.
    fn refuse(&mut self, arrived: bool) {
        if let Some(level) = self.on_its_way.take() {
            let now_ns = self.now_ns;
            if arrived {
                self.disk = Some((level, level.at_ns));
            }
            self.bucket().refused(now_ns);
            self.waiting.drain(..self.started);
        }
    }

    /// `arrived`: the record on its way reached the disk, and no caller was told.
    fn crash(&mut self, arrived: bool) {
        if let (Some(level), true) = (self.on_its_way.take(), arrived) {
            self.disk = Some((level, level.at_ns));
        }
        self.bucket = None;
        self.waiting.clear();
    }

    fn stop(&mut self) {
        self.commit();
        if self.waiting.is_empty() {
            self.begin(true);
            self.commit();
        }
        self.crash(false);
    }

    fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
        self.limits.push((self.now_ns, limit));
    }

    /// Takes every token that is left; then checks that over no interval more tokens were granted than the capacity and
    /// the refill allow. The reference is a bucket that loses nothing and has the highest limit that applied since its
    /// last token.
    fn check(&mut self) {
        self.drain();
        self.given.sort();
        let in_force = |from: u64, to: u64| {
            let until = self
                .limits
                .iter()
                .skip(1)
                .map(|(at, _)| *at)
                .chain([u64::MAX]);
            let spans = self.limits.iter().zip(until);
            spans
                .filter(|((at, _), until)| *at <= to && *until >= from)
                .map(|((_, limit), _)| *limit)
                .max()
                .unwrap()
        };
        let mut ideal: Option<Level> = None;
        for &at_ns in &self.given {
            let limit = in_force(ideal.map_or(at_ns, |level| level.at_ns), at_ns);
            let level = match ideal {
                None => Level::full(limit, at_ns),
                Some(level) => Level { limit, ..level }.at(at_ns),
            };
            let units = level.units.checked_sub(TOKEN);
            let units = units.expect("more was given than time allows");
            ideal = Some(Level { units, ..level });
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Take(u8),
    Begin { exact: bool },
    Commit,
    Refuse { arrived: bool },
    Crash { arrived: bool },
    Stop,
    Limit(u32),
}

fn steps(with_limits: bool) -> impl Strategy<Value = Vec<Step>> {
    let limit = match with_limits {
        true => 2,
        false => 0,
    };
    let step = prop_oneof![
        6 => (0..2 * SECOND_NS).prop_map(Step::Wait),
        1 => (0..2 * MINUTE_NS).prop_map(Step::Wait),
        12 => (1..40_u8).prop_map(Step::Take),
        6 => any::<bool>().prop_map(|exact| Step::Begin { exact }),
        6 => Just(Step::Commit),
        3 => any::<bool>().prop_map(|arrived| Step::Refuse { arrived }),
        2 => any::<bool>().prop_map(|arrived| Step::Crash { arrived }),
        1 => Just(Step::Stop),
        limit => (1..100_u32).prop_map(Step::Limit),
    ];
    proptest::collection::vec(step, 1..200)
}

fn run(limit: u32, steps: Vec<Step>) -> Box {
    let mut one = Box::new(limit);
    for step in steps {
        match step {
            Step::Wait(ns) => one.now_ns += ns,
            Step::Take(times) => (0..times).for_each(|_| {
                one.take();
            }),
            Step::Begin { exact } if one.on_its_way.is_none() => one.begin(exact),
            Step::Begin { .. } => {}
            Step::Commit => one.commit(),
            Step::Refuse { arrived } => one.refuse(arrived),
            Step::Crash { arrived } => one.crash(arrived),
            Step::Stop => one.stop(),
            Step::Limit(limit) => one.set_limit(limit),
        }
    }
    one
}

proptest! {
    // The test prints its failures, and writes no file into the tree.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn over_any_interval_no_more_is_given_than_capacity_and_refill(limit in 1..200_u32, steps in steps(false)) {
        run(limit, steps).check();
    }

    #[test]
    fn a_limit_that_changes_gives_no_more_than_the_highest_in_force(limit in 1..100_u32, steps in steps(true)) {
        run(limit, steps).check();
    }

    /// Whatever happened before: after a minute without calls the bucket is full again, with or without a crash.
    #[test]
    fn an_idle_key_loses_nothing(limit in 1..200_u32, steps in steps(false), crash in any::<bool>()) {
        let mut one = run(limit, steps);
        one.refuse(false);
        if crash {
            one.crash(false);
        }
        one.now_ns += MINUTE_NS;
        prop_assert_eq!(one.drain(), limit as usize);
        prop_assert_eq!(one.take(), Taken::Nothing);
    }

    #[test]
    fn a_stop_is_exact_and_a_crash_forgets_no_more_than_the_reserve(
        limit in 1..200_u32, steps in steps(false), clean in any::<bool>(),
    ) {
        let mut one = run(limit, steps);
        let now_ns = one.now_ns;
        one.begin(false);
        one.commit();
        let before = one.bucket().level(limit, now_ns).units();
        match clean {
            true => one.stop(),
            false => one.crash(false),
        }
        let after = one.bucket().level(limit, now_ns).units();
        let forgotten = match clean {
            true => 0,
            false => reserve(limit).min(before),
        };
        prop_assert_eq!(before - after, forgotten);
    }

    #[test]
    fn a_retry_at_the_time_told_is_granted_and_a_nanosecond_before_is_not(
        limit in 1..100_000_u32, spent in 0..TOKEN,
    ) {
        let now_ns = 7;
        let level = Level { units: TOKEN - 1 - spent, ..Level::full(limit, now_ns) };
        let wait_ns = level.ns_until_token();
        let taken_after = |ns| Bucket::new(level).take(limit, now_ns + ns);
        prop_assert_eq!(taken_after(wait_ns - 1), Taken::Nothing);
        prop_assert_eq!(taken_after(wait_ns), Taken::OnRecord);
        let full_ns = level.ns_until_full();
        prop_assert!(level.at(now_ns + full_ns).is_full() && !level.at(now_ns + full_ns - 1).is_full());
    }
}

#[test]
fn a_year_of_calls_drifts_by_nothing() {
    const YEAR_NS: u64 = 365 * 24 * 60 * MINUTE_NS;
    for limit in [2, 7, 13] {
        let mut bucket = Bucket::new(Level::full(limit, 0));
        let (mut now_ns, mut given) = (0, 0);
        // Steps of no round number, below half a minute: with less than a token left the bucket never overflows.
        let mut step_ns = 1_234_567_891;
        while now_ns < YEAR_NS {
            while bucket.take(limit, now_ns) != Taken::Nothing {
                given += 1;
            }
            step_ns = step_ns * 48_271 % 29_999_999_999 + 1;
            now_ns += step_ns;
        }
        while bucket.take(limit, now_ns) != Taken::Nothing {
            given += 1;
        }
        let due = u128::from(limit) * u128::from(MINUTE_NS + now_ns) / u128::from(TOKEN);
        assert_eq!(given, due, "limit {limit}");
    }
}

#[test]
fn twenty_a_minute_are_twenty_at_once_and_then_one_in_three_seconds() {
    let mut one = Box::new(20);
    assert_eq!(one.drain(), 20);
    let level = one.bucket().level(20, 1_000_000 * SECOND_NS);
    assert_eq!(level.ns_until_token(), 3 * SECOND_NS);
    assert_eq!(level.ns_until_full(), MINUTE_NS);
    one.now_ns += 3 * SECOND_NS - 1;
    assert_eq!(one.drain(), 0);
    one.now_ns += 1;
    assert_eq!(one.drain(), 1);
}

/// A commit is waited for once in a reserve, not at each call.
#[test]
fn most_calls_are_covered() {
    let mut one = Box::new(100);
    let mut waits = 0;
    for _ in 0..100 {
        if one.take() == Taken::OnRecord {
            waits += 1;
            one.begin(false);
            one.commit();
        }
    }
    assert_eq!(waits, 4);
    // With a record in each commit that comes by, only the first call waits.
    let mut one = Box::new(100);
    assert_eq!(one.take(), Taken::OnRecord);
    for _ in 0..99 {
        one.begin(false);
        one.commit();
        assert_eq!(one.take(), Taken::Covered);
    }
}

#[test]
fn a_new_limit_counts_at_once_and_fills_nothing_up() {
    let mut one = Box::new(100);
    assert_eq!(one.take(), Taken::OnRecord);
    one.begin(false);
    one.commit();
    one.set_limit(10);
    assert_eq!(one.drain(), 10);
    one.now_ns += 6 * SECOND_NS;
    one.set_limit(100);
    // The refill until the first call under the new limit uses the old one.
    assert_eq!(one.drain(), 1);
    one.now_ns += 6 * SECOND_NS;
    assert_eq!(one.drain(), 10);
}

#[test]
fn over_a_stop_in_which_the_limit_changed_the_lower_one_refilled() {
    let restored = |then, now| Level::restored(0, then, 6 * SECOND_NS, now, 7).tokens();
    assert_eq!(
        [restored(10, 100), restored(100, 10), restored(100, 100)],
        [1, 1, 10]
    );
}

#[test]
fn a_bucket_that_the_disk_promises_full_may_be_forgotten_and_no_other() {
    let mut one = Box::new(60);
    one.take();
    let now_ns = one.now_ns;
    assert!(!one.bucket().is_idle(now_ns + SECOND_NS - 1));
    one.begin(false);
    assert!(
        !one.bucket().is_idle(now_ns + MINUTE_NS),
        "its record is on its way"
    );
    one.commit();
    // A second for the token, and fifteen for the reserve that the disk does not know of.
    assert!(!one.bucket().is_idle(now_ns + 16 * SECOND_NS - 1));
    assert!(one.bucket().is_idle(now_ns + 16 * SECOND_NS));
}
