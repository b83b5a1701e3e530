use super::*;
use crate::engine::contract::{SoundMaker, SpeechPiece, SpeechPieces, Utterance};
use crate::fault::Kind;
use crate::scheduler::lanes::STEP_MIN;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const RATE_HZ: u32 = 8_000;

/// Each word is a piece of a second, as loud as its number in the text; `before` is called with that number first.
struct Words<F>(F);

impl<F: Fn(usize) + Send + Sync> Speak for Words<F> {
    fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
        let piece = move |(number, _): (usize, &'a str)| {
            let make: SoundMaker<'a> = Box::new(move |_| {
                (self.0)(number);
                Ok(vec![0.01 * (number + 1) as f32; RATE_HZ as usize])
            });
            Ok(SpeechPiece {
                make,
                pause_s: 0.0,
                about_s: 1.0,
                words: Vec::new(),
            })
        };
        let words = utterance.text.text().split_whitespace().enumerate();
        Ok(SpeechPieces {
            rate_hz: RATE_HZ,
            pieces: Box::new(words.map(piece)),
        })
    }
}

fn service(lanes: usize, before: impl Fn(usize) + Send + Sync + 'static) -> SpeechService {
    let capacity = Capacity {
        lanes: Lanes::new(lanes),
        places: 4,
    };
    SpeechService::new(ModelName::default(), Arc::new(Words(before)), &capacity)
}

fn words(count: usize) -> Utterance {
    Utterance {
        text: "word ".repeat(count).into(),
        ..Utterance::default()
    }
}

fn soon() -> CancellationToken {
    CancellationToken::until(Instant::now() + Duration::from_secs(60))
}

/// Returns once no step runs or waits.
fn wait_until_idle(service: &SpeechService) {
    while service.lanes.usage().running + service.lanes.usage().waiting > 0 {
        thread::yield_now();
    }
}

#[test]
fn pieces_are_made_side_by_side_and_come_in_order() {
    // The second piece ends only once the third is being made; the first is made alone.
    let both = Barrier::new(2);
    let service = service(2, move |number| {
        if number == 1 || number == 2 {
            both.wait();
        }
    });
    let done = service.synthesize(words(5), &LaneShare::command(), &soon());
    let clip = done.unwrap();
    assert_eq!(clip.samples.len(), 5 * RATE_HZ as usize);
    let whole = service.stream(words(5), &LaneShare::command(), &soon());
    let mut stream = whole.unwrap();
    let mut pieces = 0;
    while let Some(piece) = stream.piece().unwrap() {
        assert_eq!(piece.samples.len(), RATE_HZ as usize);
        pieces += 1;
    }
    assert_eq!(pieces, 5);
}

#[test]
fn a_stream_is_made_no_more_than_ten_seconds_ahead_of_its_client_and_holds_no_lane_then() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let service = service(1, move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let mut stream = (service.stream(words(40), &LaneShare::command(), &soon())).unwrap();
    assert!(stream.piece().unwrap().is_some());
    // The client takes no more: ten seconds are made, and then nothing.
    while made.load(Ordering::SeqCst) < 11 {
        thread::yield_now();
    }
    wait_until_idle(&service);
    let other = service.synthesize(words(1), &LaneShare::command(), &soon());
    assert_eq!(other.unwrap().samples.len(), RATE_HZ as usize);
    assert_eq!(made.load(Ordering::SeqCst), 11 + 1);
    let mut rest = 1;
    while stream.piece().unwrap().is_some() {
        rest += 1;
    }
    assert_eq!(rest, 40, "the stream goes on when its client does");
}

#[test]
fn a_stream_far_ahead_of_its_player_lets_all_others_go_first() {
    const STREAM: usize = 60;
    let order = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&order);
    let service = service(1, move |number| {
        noted.lock().unwrap().push(number);
        // Long enough to be a step of its own.
        let begun = Instant::now();
        while begun.elapsed() < STEP_MIN {}
    });
    let mut stream = (service.stream(words(STREAM), &LaneShare::command(), &soon())).unwrap();
    // Thirty seconds within a moment, as a client takes them that does not play.
    for _ in 0..30 {
        assert!(stream.piece().unwrap().is_some());
    }
    thread::scope(|scope| {
        let rest = scope.spawn(|| {
            let mut pieces = 30;
            while stream.piece().unwrap().is_some() {
                pieces += 1;
            }
            pieces
        });
        let other = service.synthesize(words(10), &LaneShare::command(), &soon());
        assert_eq!(other.unwrap().samples.len(), 10 * RATE_HZ as usize);
        assert_eq!(rest.join().unwrap(), STREAM, "it takes what is left");
    });
    // The numbers of the other text's pieces come again: between them, the stream made none.
    let order = order.lock().unwrap();
    let begun = order.iter().rposition(|number| *number == 0).unwrap();
    let ended = order.iter().rposition(|number| *number == 9).unwrap();
    assert_eq!(ended - begun, 9, "{:?}", &order[begun..=ended]);
}

#[test]
fn a_stream_that_is_dropped_makes_no_further_piece() {
    let made = Arc::new(AtomicUsize::new(0));
    let (counted, met) = (Arc::clone(&made), Arc::new(Barrier::new(2)));
    let meets = Arc::clone(&met);
    let service = service(1, move |number| {
        if counted.fetch_add(1, Ordering::SeqCst) == 1 && number == 1 {
            meets.wait();
            meets.wait();
        }
    });
    let stream = (service.stream(words(40), &LaneShare::command(), &soon())).unwrap();
    met.wait();
    drop(stream);
    met.wait();
    wait_until_idle(&service);
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[test]
fn what_comes_before_a_piece_that_fails_is_given() {
    // The second piece is made only after the third has failed.
    let failed = Arc::new(Barrier::new(2));
    let service = service(2, move |number| {
        if number == 1 || number == 2 {
            failed.wait();
        }
        assert!(number != 2, "on purpose");
    });
    let mut stream = (service.stream(words(9), &LaneShare::command(), &soon())).unwrap();
    assert!(stream.piece().unwrap().is_some());
    assert!(stream.piece().unwrap().is_some());
    assert_eq!(stream.piece().unwrap_err().kind, Kind::Engine);
}

#[test]
fn a_panic_ends_one_text_and_no_other() {
    let service = service(2, |number| assert!(number != 3, "on purpose"));
    let fault = service.synthesize(words(9), &LaneShare::command(), &soon());
    let fault = fault.unwrap_err();
    assert_eq!(fault.kind, Kind::Engine);
    assert!(fault.to_string().contains("on purpose"), "{fault}");
    wait_until_idle(&service);
    let done = service.synthesize(words(3), &LaneShare::command(), &soon());
    assert_eq!(done.unwrap().samples.len(), 3 * RATE_HZ as usize);
}

#[test]
fn the_deadline_of_a_stream_grows_by_what_its_client_took() {
    let service = service(1, |_| {});
    let cancellation = soon();
    let before = cancellation.left();
    let mut stream = (service.stream(words(4), &LaneShare::command(), &cancellation)).unwrap();
    while stream.piece().unwrap().is_some() {}
    assert!(cancellation.left() > before + Duration::from_secs(3));
    let before = cancellation.left();
    (service.synthesize(words(4), &LaneShare::command(), &cancellation)).unwrap();
    assert!(cancellation.left() <= before, "of a stream only");
}
