//! The thread that hears a session's sound: it notices speech, ends utterances, and hands them to the scribe.

use std::sync::Arc;
use std::time::Instant;

use super::queue::{EarTask, FinalJob, LiveCommand, LiveQueue, StretchJob};
use super::stretch::Stretch;
use super::turns::{TurnChange, TurnDetector, hops};
use super::{LiveEvent, LiveOptions, LiveTranscription, RATE_HZ};
use crate::engine::contract::Steps;
use crate::engine::live_detector::LiveDetector;
use crate::engine::vad::HOP;
use crate::fault::{Fault, Kind};
use crate::limits;
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;

/// Samples of speech without which it is not transcribed before its end: 1 s, and half a second more each time.
const PARTIAL_FROM: usize = RATE_HZ as usize;
const PARTIAL_MORE: usize = RATE_HZ as usize / 2;
/// Seconds by which sound may be ahead of its own pace before the search for speech in it takes a lane: what comes at its pace
/// costs half a percent of a core: ten minutes of noise took `vocabox listen` 2.5 s of processor time.
const AHEAD_S: f64 = 2.0;
/// Seconds that the search for speech in half a second of sound may wait for a lane.
const SEARCH_SECONDS_MAX: u64 = 60;
/// Hops that stay of sound without speech while nothing but a commit ends an utterance: 1 s.
const SILENCE_HOPS: usize = RATE_HZ as usize / HOP;
/// Hops that the start of speech is noticed late.
const NOTICED_HOPS: usize = 5;

/// The ear of one session.
pub struct Ear {
    service: Arc<LiveTranscription>,
    queue: Arc<LiveQueue>,
    share: LaneShare,
    options: Arc<LiveOptions>,
    detector: LiveDetector,
    turns: TurnDetector,
    /// Sound of less than a hop.
    rest: Vec<f32>,
    /// What is not handed over yet.
    sound: Stretch,
    /// The utterance that goes on, and the number of the next one.
    utterance: Option<u64>,
    next: u64,
    /// Position up to which sound is committed.
    committed: usize,
    /// Position from which the speech goes on that is not handed over.
    spoken_from: usize,
    /// Position up to which the last transcription before the end reaches.
    transcribed: usize,
    /// Whether the speech goes on where the last one was cut.
    follows: bool,
}

impl Ear {
    /// Returns the ear of a session that starts.
    pub fn new(
        service: Arc<LiveTranscription>,
        queue: Arc<LiveQueue>,
        share: LaneShare,
        options: LiveOptions,
    ) -> Self {
        Ear {
            detector: service.detector.fork(),
            service,
            queue,
            share,
            options: Arc::new(options),
            turns: TurnDetector::default(),
            rest: Vec::new(),
            sound: Stretch::default(),
            utterance: None,
            next: 0,
            committed: 0,
            spoken_from: 0,
            transcribed: 0,
            follows: false,
        }
    }

    /// Hears until the session ends.
    pub fn run(mut self) {
        while let Some(task) = self.queue.ear_task(self.wants_partial()) {
            let done = match task {
                EarTask::Partial => {
                    self.partial();
                    Ok(())
                }
                EarTask::Obey(LiveCommand::Sound(samples)) => self.hear(&samples),
                EarTask::Obey(LiveCommand::Set(options)) => {
                    self.options = Arc::new(options);
                    Ok(())
                }
                EarTask::Obey(LiveCommand::Commit) => {
                    self.commit();
                    Ok(())
                }
                EarTask::Obey(LiveCommand::Clear) => {
                    self.clear();
                    Ok(())
                }
                EarTask::Obey(LiveCommand::Finish) => {
                    if self.utterance.is_some() {
                        self.commit();
                    }
                    return self.queue.whole();
                }
            };
            if let Err(fault) = done {
                self.queue.tell(LiveEvent::Broken(fault));
                return self.queue.close();
            }
        }
    }

    /// Hears the next sound. Faults: `Engine` when the detector fails.
    fn hear(&mut self, samples: &[f32]) -> Result<(), Fault> {
        self.rest.extend_from_slice(samples);
        let rest = std::mem::take(&mut self.rest);
        let hops = rest.chunks_exact(HOP);
        self.rest = hops.remainder().to_vec();
        let ahead_s = self.sound.end() as f64 / f64::from(RATE_HZ) - self.queue.age().as_secs_f64();
        if ahead_s <= AHEAD_S {
            return hops.into_iter().try_for_each(|hop| self.hop(hop));
        }
        let token = self.queue.token(SEARCH_SECONDS_MAX);
        let seconds = rest.len() as f64 / f64::from(RATE_HZ);
        let service = Arc::clone(&self.service);
        let task = (service.lanes).enter(&self.share, Work::FindSpeech, seconds, &token);
        let seat = task.as_ref().map(|task| task.seat());
        // Where no lane is free for so long, the sound is late anyway.
        if let Ok(seat) = &seat
            && let Err(fault) = seat.next()
            && fault.kind == Kind::Cancelled
        {
            return Err(fault);
        }
        hops.into_iter().try_for_each(|hop| self.hop(hop))
    }

    fn hop(&mut self, samples: &[f32]) -> Result<(), Fault> {
        let heard = self.detector.hear(samples)?;
        self.sound.push(samples, heard);
        let settings = self.options.turns;
        match self.turns.hear(heard.probability, &settings) {
            Some(TurnChange::Started { hops: late }) if self.utterance.is_none() => {
                self.spoken_from = self.sound.end() - late * HOP;
                self.begin(hops(settings.padding_ms) + late);
            }
            Some(TurnChange::Ended) if self.options.is_automatic => {
                self.ended();
                self.hand_over(true);
                self.utterance = None;
            }
            _ => {}
        }
        match self.utterance {
            None if self.options.is_automatic => {
                let kept = hops(settings.padding_ms) + NOTICED_HOPS;
                self.sound.keep_last(kept);
            }
            _ if !self.sound.is_full() => {}
            Some(_) if self.sound.has_speech(settings.threshold) => self.cut(),
            // Silence before a commit.
            _ => self.sound.keep_last(SILENCE_HOPS),
        }
        Ok(())
    }

    /// Begins an utterance with the last `hops` hops, or with all sound since the last commit if only a commit ends it.
    fn begin(&mut self, hops: usize) {
        self.utterance = Some(self.next);
        self.next += 1;
        if self.options.is_automatic {
            self.sound.keep_last(hops);
            self.committed = self.committed.max(self.sound.start);
            self.started();
        }
    }

    fn started(&self) {
        if let Some(utterance) = self.utterance {
            let at_ms = ms(self.sound.start);
            self.queue.tell(LiveEvent::Started { utterance, at_ms });
        }
    }

    fn ended(&self) {
        if let Some(utterance) = self.utterance {
            let at_ms = ms(self.sound.end());
            self.queue.tell(LiveEvent::Ended { utterance, at_ms });
        }
    }

    /// Hands over the first part of speech that is long. Where turns end utterances, it is one.
    fn cut(&mut self) {
        let first = self.sound.cut();
        let rest = std::mem::replace(&mut self.sound, first);
        let is_automatic = self.options.is_automatic;
        if is_automatic {
            self.ended();
        }
        self.hand_over(is_automatic);
        self.sound = rest;
        self.follows = true;
        if is_automatic {
            self.begin(usize::MAX);
        }
    }

    /// Hands over the sound, and commits the utterance if this is its end.
    fn hand_over(&mut self, is_end: bool) {
        let Some(utterance) = self.utterance else {
            return;
        };
        let next = Stretch::at(self.sound.end());
        let sound = std::mem::replace(&mut self.sound, next);
        let seconds = (sound.end() - self.committed) as f64 / f64::from(RATE_HZ);
        if is_end {
            self.committed = sound.end();
            self.queue.tell(LiveEvent::Committed { utterance });
        }
        (self.spoken_from, self.transcribed) = (self.sound.start, self.sound.start);
        self.queue.hand_final(FinalJob {
            has_speech: sound.has_speech(self.options.turns.threshold),
            stretch: StretchJob {
                utterance,
                samples: sound.samples,
                options: Arc::clone(&self.options),
                follows: std::mem::take(&mut self.follows),
            },
            ends: is_end.then_some(seconds),
            since: Instant::now(),
        });
    }

    /// Ends the utterance, or makes one of what came since the last.
    fn commit(&mut self) {
        let rest = std::mem::take(&mut self.rest);
        self.sound.samples.extend(rest);
        let samples = self.sound.end() - self.committed;
        if ms(samples) < limits::COMMIT_MS_MIN {
            self.rest = Vec::new();
            return self.queue.tell(LiveEvent::NothingToCommit);
        }
        if self.utterance.is_none() {
            self.utterance = Some(self.next);
            self.next += 1;
        }
        if self.options.is_automatic && self.turns.is_speaking() {
            self.ended();
        }
        self.hand_over(true);
        self.utterance = None;
        self.turns = TurnDetector::default();
    }

    fn clear(&mut self) {
        self.queue.drop_partial();
        self.rest.clear();
        self.sound = Stretch::at(self.sound.end());
        self.committed = self.sound.start;
        self.transcribed = self.sound.start;
        self.utterance = None;
        self.follows = false;
        self.turns = TurnDetector::default();
        self.queue.tell(LiveEvent::Cleared);
    }

    /// Whether there is speech to transcribe before its end.
    fn wants_partial(&self) -> bool {
        let fresh = self.sound.end().saturating_sub(self.transcribed);
        let spoken = self.sound.end().saturating_sub(self.spoken_from);
        self.options.partials
            && self.utterance.is_some()
            && spoken >= PARTIAL_FROM
            && fresh >= PARTIAL_MORE
            && self.sound.has_speech(self.options.turns.threshold)
    }

    fn partial(&mut self) {
        let Some(utterance) = self.utterance else {
            return;
        };
        self.transcribed = self.sound.end();
        self.queue.hand_partial(StretchJob {
            utterance,
            samples: self.sound.samples.clone(),
            options: Arc::clone(&self.options),
            follows: self.follows,
        });
    }
}

/// Returns the milliseconds of so many samples.
fn ms(samples: usize) -> u64 {
    samples as u64 * 1_000 / u64::from(RATE_HZ)
}
