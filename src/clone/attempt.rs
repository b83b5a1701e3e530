//! One voice on its way from a recording to a table: what was tried, what is best, and when to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::catalog::{Catalog, StockVoice};
use super::likeness::{Measured, likeness};
use super::probe::VoiceProbe;
use super::search::{BlendWeights, Search, mean};
use crate::audio::Clip;
use crate::engine::contract::CancellationToken;
use crate::engine::tts::style::StyleTable;
use crate::fault::Fault;
use crate::services::Priority;

/// Time in which the first answer is to be found, and blends that are spoken for it at the most.
const FIRST: Duration = Duration::from_secs(4);
const FIRST_TRIALS: usize = 3;
/// Blends that are spoken for one voice, second hearings included.
const TRIALS_MAX: usize = 48;
/// Time after which no new ones are spoken, unless they were fewer than this: a better voice is to be there within a minute.
const WORK_MAX: Duration = Duration::from_secs(38);
const TRIALS_MIN: usize = 16;
/// After so many new blends the best one is heard again, with another sentence: what fits one sentence by chance falls back.
const TRIALS_EACH: usize = 4;
/// Sentences by which the final best was heard.
const HEARINGS_MIN: usize = 3;
const _: () = assert!(HEARINGS_MIN <= super::probe::SENTENCES.len());
/// Blends of whose mean the one is made that is settled on, and likeness that may cost: what one blend has over the mean of the
/// best is chance for the greater part.
const SETTLED_OF: usize = 6;
const SETTLED_COST_MAX: f32 = 0.03;
/// How far a voice is slowed down or hurried to keep the pace of the recording.
const PACE_MIN: f32 = 0.85;
const PACE_MAX: f32 = 1.18;

/// The search for one voice.
pub struct Attempt {
    search: Search,
    /// The catalog's number of each of the search's stock voices.
    voices: Vec<usize>,
    trials: usize,
    since_hearing: usize,
    /// Time that was spent on trying.
    worked: Duration,
    /// What the voice speaks by now: a blend of the search, or a table of another search that was heard for that.
    given: InUse,
    /// The blend that was settled on in the end, once it was spoken.
    settled: Option<usize>,
}

#[derive(Clone, Copy)]
enum InUse {
    BlendWeights(usize),
    Score(f32),
}

/// What is best so far.
#[derive(Debug, Clone)]
pub struct BestMatch {
    pub style_table: Arc<StyleTable>,
    pub nearest: StockVoice,
    pub pace: f32,
    pub score: f32,
}

impl Attempt {
    /// For a voice like `target`, among the stock voices that are known by now. Faults: `Missing` when there are none.
    pub fn new(catalog: &Catalog, target: Measured) -> Result<Self, Fault> {
        let known = catalog.measured();
        let is_known = |n: &usize| known[*n].is_some();
        let voices: Vec<usize> = (0..known.len()).filter(is_known).collect();
        if voices.is_empty() {
            return Err(Fault::missing(
                "No stock voice of this box was measured yet. Try again in a minute.",
            ));
        }
        let measured: Vec<Measured> = voices.iter().filter_map(|n| known[*n].clone()).collect();
        let space = catalog.space(&voices);
        Ok(Attempt {
            search: Search::new(space, &measured, target),
            voices,
            trials: 0,
            since_hearing: 0,
            worked: Duration::ZERO,
            given: InUse::Score(f32::NEG_INFINITY),
            settled: None,
        })
    }

    /// Tries a few blends within some seconds, the best stock voice first, for the request that waits. Returns the best of
    /// them and how it sounds. Faults: those of speaking.
    pub fn begin(
        &mut self,
        catalog: &Catalog,
        probe: &VoiceProbe,
        priority: Priority,
        cancellation: &CancellationToken,
    ) -> Result<(BestMatch, Clip), Fault> {
        let until = Instant::now() + FIRST;
        let mut best: Option<(f32, Clip)> = None;
        for trial in 0..FIRST_TRIALS {
            // The first is the best stock voice: it has to be heard, if only to be the preview.
            let blend = match trial {
                0 => self.search.best().blend.clone(),
                _ if Instant::now() >= until => break,
                _ => self.search.propose(),
            };
            let style_table = Arc::new(catalog.style_table(&self.whole(&blend))?);
            let (clip, measured) = probe.hear(style_table, 0, priority, cancellation)?;
            self.trials += 1;
            let score = match trial {
                0 => self.search.best().score,
                _ => self.search.learn(blend, measured),
            };
            if best.as_ref().is_none_or(|(before, _)| score > *before) {
                best = Some((score, clip));
            }
        }
        self.give();
        let found = self.found(catalog)?;
        let clip = best.map(|(_, clip)| clip);
        Ok((
            found,
            clip.ok_or_else(|| Fault::internal("nothing was tried"))?,
        ))
    }

    /// Hears the table that the voice has from another search, so that what is found is compared with it. Faults: those of
    /// speaking.
    pub fn compare_with(
        &mut self,
        style_table: &Arc<StyleTable>,
        probe: &VoiceProbe,
        cancellation: &CancellationToken,
    ) -> Result<(), Fault> {
        let (_, mut heard) =
            probe.hear(style_table.clone(), 0, Priority::Background, cancellation)?;
        for sentence in 1..HEARINGS_MIN {
            let (_, once) = probe.hear(
                style_table.clone(),
                sentence,
                Priority::Background,
                cancellation,
            )?;
            heard = mean(&heard, sentence, &once);
        }
        self.given = InUse::Score(likeness(&heard, self.search.target()));
        Ok(())
    }

    /// Tries one blend, or hears the best or the given one again, when no request needs the workers. False when the search is
    /// over.
    pub fn go_on(
        &mut self,
        catalog: &Catalog,
        probe: &VoiceProbe,
        cancellation: &CancellationToken,
    ) -> Result<bool, Fault> {
        let begun = Instant::now();
        let unsure = self.unsure();
        let is_slow = self.worked >= WORK_MAX && self.trials >= TRIALS_MIN;
        let is_late = self.trials >= TRIALS_MAX || is_slow;
        if is_late && unsure.is_none() && self.settled.is_some() {
            return Ok(false);
        }
        self.trials += 1;
        self.since_hearing += 1;
        match unsure {
            Some(at) if is_late || self.since_hearing > TRIALS_EACH => {
                self.since_hearing = 0;
                let tried = &self.search.tried()[at];
                let (blend, sentence) = (tried.blend.clone(), tried.hearings);
                let style_table = Arc::new(catalog.style_table(&self.whole(&blend))?);
                let (_, measured) =
                    probe.hear(style_table, sentence, Priority::Background, cancellation)?;
                self.search.hear_again(at, measured);
            }
            _ => {
                let blend = match is_late {
                    true => self.search.settled(SETTLED_OF),
                    false => self.search.propose(),
                };
                let style_table = Arc::new(catalog.style_table(&self.whole(&blend))?);
                let (_, measured) =
                    probe.hear(style_table, 0, Priority::Background, cancellation)?;
                self.search.learn(blend, measured);
                if is_late {
                    self.settled = Some(self.search.tried().len() - 1);
                }
            }
        }
        self.worked += begun.elapsed();
        Ok(true)
    }

    /// The blend that the voice should have: the settled one, unless the best is clearly better.
    fn chosen_at(&self) -> usize {
        let best = self.search.best_at();
        let score = |at: usize| self.search.tried()[at].score;
        let settled = self
            .settled
            .filter(|at| score(*at) >= score(best) - SETTLED_COST_MAX);
        settled.unwrap_or(best)
    }

    /// Which of the best, the settled and the given blend was heard too seldom to compare them, the one heard less first.
    fn unsure(&self) -> Option<usize> {
        let given = match self.given {
            InUse::BlendWeights(at) => Some(at),
            InUse::Score(_) => None,
        };
        let hearings = |at: &usize| self.search.tried()[*at].hearings;
        let all = given
            .into_iter()
            .chain(self.settled)
            .chain([self.search.best_at()]);
        all.filter(|at| hearings(at) < HEARINGS_MIN)
            .min_by_key(hearings)
    }

    /// Whether the best is better than what the voice has, as far as both were heard enough.
    pub fn is_better(&self) -> bool {
        let is_other = !matches!(self.given, InUse::BlendWeights(at) if at == self.chosen_at());
        let score = self.search.tried()[self.chosen_at()].score;
        is_other && self.unsure().is_none() && score > self.given_score()
    }

    /// The table of what the voice has, if it is of this search: what makes it lively may be known better by now.
    pub fn given_sheet(&self, catalog: &Catalog) -> Result<Option<StyleTable>, Fault> {
        match self.given {
            InUse::BlendWeights(at) => {
                let blend = self.whole(&self.search.tried()[at].blend);
                catalog.style_table(&blend).map(Some)
            }
            InUse::Score(_) => Ok(None),
        }
    }

    /// The voice gets the best.
    pub fn give(&mut self) {
        self.given = InUse::BlendWeights(self.chosen_at());
    }

    /// Likeness of what the voice has.
    pub fn given_score(&self) -> f32 {
        match self.given {
            InUse::BlendWeights(at) => self.search.tried()[at].score,
            InUse::Score(score) => score,
        }
    }

    /// The best so far. Faults: `Engine` when a table cannot be read.
    pub fn found(&self, catalog: &Catalog) -> Result<BestMatch, Fault> {
        let best = &self.search.tried()[self.chosen_at()];
        let blend = self.whole(&best.blend);
        let (wanted, has) = (self.search.target().pace, best.measured.pace);
        let pace = if has > 0.0 && wanted > 0.0 {
            wanted / has
        } else {
            1.0
        };
        Ok(BestMatch {
            style_table: Arc::new(catalog.style_table(&blend)?),
            nearest: catalog.nearest(&blend).clone(),
            pace: pace.clamp(PACE_MIN, PACE_MAX),
            score: best.score,
        })
    }

    /// The blend with a weight for every voice of the catalog.
    fn whole(&self, blend: &BlendWeights) -> BlendWeights {
        let most = self.voices.iter().max().map_or(0, |n| n + 1);
        let spread = |weights: &[f32]| {
            let mut all = vec![0.0; most];
            self.voices
                .iter()
                .zip(weights)
                .for_each(|(n, w)| all[*n] = *w);
            all
        };
        BlendWeights {
            timbre: spread(&blend.timbre),
            prosody: spread(&blend.prosody),
        }
    }
}
