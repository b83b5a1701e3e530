//! Who speaks when, on conversations of real voices with known turns.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use vocabox::app::Installation;
use vocabox::audio::pcm::{Clip, ClipReader};
use vocabox::capability::Capability;
use vocabox::config::{Common, CommonFlags, Flags};
use vocabox::engine::contract::{CancellationToken, Segment, Transcript, Word};
use vocabox::engine::diarization::{
    ANY_SPEAKERS, Diarize, DiarizeTask, Diarized, Turn, attribute, name,
};

use crate::support::dice::Dice;
use crate::support::server::models;
use crate::support::talk::{self, RATE_HZ, Talk, TalkSpeaker, errors};

const SENTENCES: &[&str] = &[
    "The bakery on the corner sells fresh bread every morning before sunrise.",
    "My brother plays the piano better than anyone else in the family.",
    "He has been teaching history at the same school for thirty years.",
];

fn cancellation() -> CancellationToken {
    CancellationToken::until(Instant::now() + Duration::from_secs(600))
}

fn hear(engine: &Diarize, samples: Vec<f32>) -> Diarized {
    hear_some(engine, samples, ANY_SPEAKERS)
}

fn hear_some(engine: &Diarize, samples: Vec<f32>, speakers: RangeInclusive<usize>) -> Diarized {
    let clip = Clip {
        samples,
        rate_hz: RATE_HZ,
    };
    let task = DiarizeTask {
        audio: Box::new(ClipReader::from(clip)),
        speakers,
    };
    engine.run(task, &cancellation()).unwrap()
}

#[test]
fn speakers_are_counted_and_told_apart_and_the_same_each_time() {
    let options = CommonFlags {
        flags: Flags::default().with("models_dir", models().to_str().unwrap()),
        ..CommonFlags::default()
    };
    let common = Common::resolve(&options).unwrap();
    let capabilities = [Capability::Speak, Capability::Diarize];
    let installation =
        Installation::open(&common.models(&Flags::default()).unwrap(), &capabilities).unwrap();
    let speak = installation.build_speak().unwrap();
    let speakers: Vec<TalkSpeaker> = ["af_heart", "am_michael", "bf_emma", "am_onyx"]
        .iter()
        .map(|voice| TalkSpeaker {
            sentences: SENTENCES
                .iter()
                .map(|s| talk::say(&*speak, voice, s, &cancellation()))
                .collect(),
        })
        .collect();
    let engine = installation.build_diarize().unwrap();
    for count in [1, 2, 4] {
        let who: Vec<&TalkSpeaker> = speakers.iter().take(count).collect();
        let Talk { samples, turns } = talk::talk(&who, 40.0, &mut Dice(count as u32));
        let found = hear(&*engine, samples.clone());
        assert_eq!(found.speakers, count);
        let errors = errors(&turns, &found.turns);
        assert!(
            errors.confusion <= 0.05 && errors.all() <= 0.1,
            "{count}: {errors:?}"
        );
        let mut from = 0.0;
        let mut seen = BTreeSet::new();
        for turn in &found.turns {
            assert!(
                from <= turn.start_s && turn.start_s < turn.end_s,
                "{:?}",
                found.turns
            );
            assert!(
                turn.speaker <= seen.len(),
                "speakers are numbered as they come"
            );
            seen.insert(turn.speaker);
            from = turn.start_s;
        }
        assert_eq!(
            found,
            hear(&*engine, samples),
            "the same for the same sound"
        );
        // A phrase across a change of speakers is split there, and each part has one speaker.
        if count == 2 {
            let said = attribute(
                &transcript(&turns[0].end_s, &turns[1].start_s),
                &found.turns,
            );
            let names: Vec<String> = said.iter().map(|s| name(s.speaker)).collect();
            assert_eq!(names, ["SPEAKER_00", "SPEAKER_01"]);
        }
    }
    overlapping_and_padded(&*engine, &speakers);
    let silent = hear(&*engine, vec![0.0; 5 * RATE_HZ as usize]);
    assert_eq!((silent.speakers, silent.turns.len()), (0, 0));
    assert_eq!(hear(&*engine, Vec::new()).seconds, 0.0);
}

/// Two at once are two turns; silence before changes nothing; a request's number of speakers is kept.
fn overlapping_and_padded(engine: &Diarize, speakers: &[TalkSpeaker]) {
    let say = |speaker: usize, sentence: usize| speakers[speaker].sentences[sentence].clone();
    let second = [say(1, 0), say(1, 1)].concat();
    let mut samples = [say(0, 0), say(0, 1), say(0, 2)].concat();
    let from = samples.len() - 2 * RATE_HZ as usize;
    samples.resize(from + second.len(), 0.0);
    (samples[from..].iter_mut().zip(&second)).for_each(|(s, more)| *s += more);
    let found = hear(engine, samples.clone());
    assert_eq!(found.speakers, 2);
    let overlap = |turns: &[Turn]| {
        let pairs = turns.iter().flat_map(|a| turns.iter().map(move |b| (a, b)));
        let shared = |(a, b): (&Turn, &Turn)| match a.speaker < b.speaker {
            true => (a.end_s.min(b.end_s) - a.start_s.max(b.start_s)).max(0.0),
            false => 0.0,
        };
        pairs.map(shared).sum::<f64>()
    };
    let overlap_s = overlap(&found.turns);
    assert!(
        (1.0..2.6).contains(&overlap_s),
        "{overlap_s} of 2 s: {:?}",
        found.turns
    );
    let shift = 7 * RATE_HZ as usize;
    let padded = hear(engine, [vec![0.0; shift], samples.clone()].concat());
    assert_eq!(padded.speakers, 2);
    let first = |d: &Diarized| d.turns[0].start_s;
    assert!((first(&padded) - first(&found) - 7.0).abs() < 0.15);
    assert_eq!(hear_some(engine, samples, 1..=1).speakers, 1);
}

/// A phrase of two words: one ends before `end_s`, the other begins after `start_s`.
fn transcript(end_s: &f64, start_s: &f64) -> Transcript {
    let word = |start_s: f64, text: &str| Word {
        start_s,
        end_s: start_s + 0.4,
        text: text.to_owned(),
    };
    let words = vec![word(end_s - 0.9, "First,"), word(start_s + 0.5, "second.")];
    Transcript {
        language: "en".to_owned(),
        seconds: 40.0,
        segments: vec![Segment {
            start_s: words[0].start_s,
            end_s: words[1].end_s,
            text: "First, second.".to_owned(),
            words,
            ..Segment::default()
        }],
    }
}
