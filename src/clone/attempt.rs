//! The search for one cloned voice: the blends that were tried, the best of them, and when to stop.

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
use crate::scheduler::LaneShare;

/// Time for the tries of the request that clones, and their greatest number.
const FIRST: Duration = Duration::from_secs(4);
const FIRST_TRIALS: usize = 3;
/// Tries for one voice, including those that measure a blend again.
const TRIALS_MAX: usize = 48;
/// Time of tries after which no new blends are proposed once there were [`TRIALS_MIN`] tries, so that the search ends
/// within a minute.
const WORK_MAX: Duration = Duration::from_secs(38);
const TRIALS_MIN: usize = 16;
/// After this many new blends, one of the candidates is measured again with another sentence, so that a blend that fits
/// one sentence by chance loses its rank.
const TRIALS_EACH: usize = 4;
/// Sentences by which a blend must have been measured before it can be the result.
const HEARINGS_MIN: usize = 3;
const _: () = assert!(HEARINGS_MIN <= super::probe::SENTENCES.len());
/// Number of best blends whose mean becomes the final blend, and by how much less similar it may be than the best: the
/// lead of one blend over the mean of the best is mostly chance.
const SETTLED_OF: usize = 6;
const SETTLED_COST_MAX: f32 = 0.03;
/// Range of the factor that adapts a voice's speaking rate to that of the recording.
const PACE_MIN: f32 = 0.85;
const PACE_MAX: f32 = 1.18;

/// The search for one voice.
pub struct Attempt {
    search: Search,
    /// For each stock voice of the search, its number in the catalog.
    voices: Vec<usize>,
    trials: usize,
    since_hearing: usize,
    /// Time spent on tries after the first answer.
    worked: Duration,
    /// The style that the voice has: a blend of this search, or a table of an earlier search, measured for comparison.
    given: InUse,
    /// Number of the final blend in the search, once it was measured.
    settled: Option<usize>,
}

#[derive(Clone, Copy)]
enum InUse {
    BlendWeights(usize),
    Score(f32),
}

/// The best blend so far, as a style.
#[derive(Debug, Clone)]
pub struct BestMatch {
    pub style_table: Arc<StyleTable>,
    pub nearest: StockVoice,
    pub pace: f32,
    pub score: f32,
}

impl Attempt {
    /// A search for a voice like `target`, among the stock voices that are measured by now. Faults: `Missing` if none
    /// is.
    pub fn new(catalog: &Catalog, target: Measured) -> Result<Self, Fault> {
        let known = catalog.measured();
        let is_known = |n: &usize| known[*n].is_some();
        let voices: Vec<usize> = (0..known.len()).filter(is_known).collect();
        if voices.is_empty() {
            return Err(Fault::missing(
                "No stock voice of this server was measured yet. Try again in a minute.",
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

    /// Tries a few blends within some seconds, the best stock voice first, for the request that waits. Returns the best
    /// of them and a sample of it. Faults: those of speaking.
    pub fn begin(
        &mut self,
        catalog: &Catalog,
        probe: &VoiceProbe,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<(BestMatch, Clip), Fault> {
        let until = Instant::now() + FIRST;
        let mut best: Option<(f32, Clip)> = None;
        for trial in 0..FIRST_TRIALS {
            // The best stock voice is measured already, but its sample may be needed as the preview.
            let blend = match trial {
                0 => self.search.best().blend.clone(),
                _ if Instant::now() >= until => break,
                _ => self.search.propose(),
            };
            let style_table = Arc::new(catalog.style_table(&self.whole(&blend))?);
            let (clip, measured) = probe.hear(style_table, 0, share, cancellation)?;
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

    /// Measures the table that the voice has from an earlier search, so that later blends are compared with it. Faults:
    /// those of speaking.
    pub fn compare_with(
        &mut self,
        style_table: &Arc<StyleTable>,
        probe: &VoiceProbe,
        cancellation: &CancellationToken,
    ) -> Result<(), Fault> {
        let (_, mut heard) =
            probe.hear(style_table.clone(), 0, &LaneShare::idle(), cancellation)?;
        for sentence in 1..HEARINGS_MIN {
            let (_, once) = probe.hear(
                style_table.clone(),
                sentence,
                &LaneShare::idle(),
                cancellation,
            )?;
            heard = mean(&heard, sentence, &once);
        }
        self.given = InUse::Score(likeness(&heard, self.search.target()));
        Ok(())
    }

    /// Tries one new blend or measures a candidate again, beside the requests. Returns false when the
    /// search is over. Faults: those of speaking.
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
                    probe.hear(style_table, sentence, &LaneShare::idle(), cancellation)?;
                self.search.hear_again(at, measured);
            }
            _ => {
                let blend = match is_late {
                    true => self.search.settled(SETTLED_OF),
                    false => self.search.propose(),
                };
                let style_table = Arc::new(catalog.style_table(&self.whole(&blend))?);
                let (_, measured) = probe.hear(style_table, 0, &LaneShare::idle(), cancellation)?;
                self.search.learn(blend, measured);
                if is_late {
                    self.settled = Some(self.search.tried().len() - 1);
                }
            }
        }
        self.worked += begun.elapsed();
        Ok(true)
    }

    /// The blend that the voice should have: the final one, unless the best is clearly better.
    fn chosen_at(&self) -> usize {
        let best = self.search.best_at();
        let score = |at: usize| self.search.tried()[at].score;
        let settled = self
            .settled
            .filter(|at| score(*at) >= score(best) - SETTLED_COST_MAX);
        settled.unwrap_or(best)
    }

    /// Of the best, the final and the voice's own blend, the one with the fewest measurements if these are too few for
    /// a comparison.
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

    /// Whether the chosen blend is better than the voice's own, and both were measured often enough to compare them.
    pub fn is_better(&self) -> bool {
        let is_other = !matches!(self.given, InUse::BlendWeights(at) if at == self.chosen_at());
        let score = self.search.tried()[self.chosen_at()].score;
        is_other && self.unsure().is_none() && score > self.given_score()
    }

    /// The style table of the voice's own blend, if it is one of this search; its direction of liveliness is made from
    /// all that is measured by now. Faults: `Engine` when a table cannot be read.
    pub fn given_style_table(&self, catalog: &Catalog) -> Result<Option<StyleTable>, Fault> {
        match self.given {
            InUse::BlendWeights(at) => {
                let blend = self.whole(&self.search.tried()[at].blend);
                catalog.style_table(&blend).map(Some)
            }
            InUse::Score(_) => Ok(None),
        }
    }

    /// Notes that the voice has the chosen blend.
    pub fn give(&mut self) {
        self.given = InUse::BlendWeights(self.chosen_at());
    }

    /// Likeness of the style that the voice has.
    pub fn given_score(&self) -> f32 {
        match self.given {
            InUse::BlendWeights(at) => self.search.tried()[at].score,
            InUse::Score(score) => score,
        }
    }

    /// The chosen blend as a style. Faults: `Engine` when a table cannot be read.
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

    /// The blend with its weights in the order of the catalog's voices, 0 for voices outside the search.
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
