use super::*;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

fn soon() -> CancellationToken {
    CancellationToken::until(Instant::now() + Duration::from_secs(60))
}

fn task(lanes: &Arc<Lanes>, share: &LaneShare) -> Task {
    lanes.enter(share, Work::Embed, 1.0, &soon()).unwrap()
}

/// Returns once `count` steps of requests wait.
fn wait_for_waiting(lanes: &Lanes, count: usize) {
    while lanes.usage().waiting != count {
        thread::yield_now();
    }
}

#[test]
fn as_many_steps_run_at_once_as_there_are_lanes() {
    let lanes = Lanes::new(2);
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let task = task(&lanes, &LaneShare::command());
                    let seat = task.seat();
                    seat.next().unwrap();
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    running.fetch_sub(1, Ordering::SeqCst);
                }
            });
        }
    });
    assert!(most.load(Ordering::SeqCst) <= 2);
    assert_eq!((lanes.usage().running, lanes.usage().waiting), (0, 0));
}

#[test]
fn a_task_that_is_cancelled_leaves_the_queue_and_its_place_is_taken_by_the_next() {
    let lanes = Lanes::new(1);
    let first = task(&lanes, &LaneShare::command());
    let seat = first.seat();
    seat.next().unwrap();
    let left = CancellationToken::until(Instant::now() + Duration::from_secs(60));
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let task = lanes
                .enter(&LaneShare::command(), Work::Embed, 1.0, &left)
                .unwrap();
            task.seat().next().map_err(|fault| fault.kind)
        });
        wait_for_waiting(&lanes, 1);
        left.cancel();
        assert_eq!(waits.join().unwrap(), Err(Kind::Cancelled));
        assert_eq!((lanes.usage().running, lanes.usage().waiting), (1, 0));
        let next = scope.spawn(|| task(&lanes, &LaneShare::command()).seat().next());
        wait_for_waiting(&lanes, 1);
        seat.release();
        next.join().unwrap().unwrap();
    });
}

#[test]
fn a_seat_whose_thread_panics_gives_its_lane_back() {
    let lanes = Lanes::new(1);
    let panicked = thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let task = task(&lanes, &LaneShare::command());
            let seat = task.seat();
            seat.next().unwrap();
            panic!("on purpose");
        });
        thread.join().is_err()
    });
    assert!(panicked);
    assert_eq!(lanes.usage().running, 0);
    task(&lanes, &LaneShare::command()).seat().next().unwrap();
}

#[test]
fn what_cannot_start_before_its_deadline_is_refused_with_the_time_to_come_back() {
    let lanes = Lanes::new(1);
    let running = task(&lanes, &LaneShare::command());
    let seat = running.seat();
    seat.next().unwrap();
    let long = CancellationToken::until(Instant::now() + Duration::from_secs(60));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let task = lanes.enter(&LaneShare::command(), Work::Speak, 400.0, &long)?;
                task.seat().next()
            });
        }
        wait_for_waiting(&lanes, 3);
        let short = CancellationToken::until(Instant::now() + Duration::from_secs(1));
        let refused = lanes.enter(&LaneShare::command(), Work::Speak, 1.0, &short);
        let kind = refused.unwrap_err().kind;
        // Three tasks of 100 s each.
        assert!(
            matches!(
                kind,
                Kind::Busy {
                    retry_after_s: 290..310
                }
            ),
            "{kind:?}"
        );
        long.cancel();
    });
}

#[test]
fn closed_lanes_let_nothing_start_and_wait_for_what_runs() {
    let lanes = Lanes::new(1);
    let met = Barrier::new(2);
    thread::scope(|scope| {
        let running = scope.spawn(|| {
            let task = task(&lanes, &LaneShare::command());
            let seat = task.seat();
            seat.next().unwrap();
            met.wait();
            met.wait();
        });
        met.wait();
        let waits = scope.spawn(|| task(&lanes, &LaneShare::command()).seat().next());
        wait_for_waiting(&lanes, 1);
        let closing = scope.spawn(|| lanes.close());
        let fault = waits.join().unwrap().unwrap_err();
        assert_eq!(fault.sentence, "The server is stopping.");
        assert!(!closing.is_finished(), "a step still runs");
        met.wait();
        running.join().unwrap();
        closing.join().unwrap();
    });
    assert_eq!(lanes.usage().running, 0);
}
