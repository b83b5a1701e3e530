//! The search for one cloned voice: the blends that were tried, the best of them, and when to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::band::RecordingBand;
use super::catalog::{Catalog, StockVoice};
use super::contest::Contest;
use super::likeness::{Measured, likeness};
use super::probe::{FRESH, SENTENCES, VoiceProbe};
use super::search::{BlendWeights, Search, mean};
use crate::audio::Clip;
use crate::engine::contract::CancellationToken;
use crate::engine::tts::style::StyleTable;
use crate::fault::Fault;
use crate::scheduler::LaneShare;

/// Time for the tries of the request that clones, and their greatest number. What is found is then compared with the best stock
/// voice, which takes as long as two tries.
const FIRST: Duration = Duration::from_secs(3);
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
const _: () = assert!(HEARINGS_MIN <= SENTENCES.len() - FRESH);
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
    /// The band of the target.
    band: RecordingBand,
    contest: Contest,
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
    /// Whether it is the stock voice `nearest` itself: no blend was found that is more alike.
    pub is_stock: bool,
}

impl Attempt {
    /// A search for a voice like `target`, measured in `band`, among the stock voices that are measured by now. Faults: `Missing` if none
    /// is.
    pub fn new(catalog: &Catalog, target: Measured, band: RecordingBand) -> Result<Self, Fault> {
        let known = catalog.measured(band);
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
            band,
            contest: Contest::default(),
            voices,
            trials: 0,
            since_hearing: 0,
            worked: Duration::ZERO,
            given: InUse::Score(f32::NEG_INFINITY),
            settled: None,
        })
    }

    /// Tries a few blends within some seconds for the request that waits, and compares the best of them with the best stock
    /// voice on a fresh sentence. Returns the better one and a sample of it. Faults: those of speaking.
    pub fn begin(
        &mut self,
        catalog: &Catalog,
        probe: &VoiceProbe,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<(BestMatch, Clip), Fault> {
        let until = Instant::now() + FIRST;
        let stock = self.stock_at();
        for trial in 0..FIRST_TRIALS {
            if trial > 0 && Instant::now() >= until {
                break;
            }
            let blend = self.search.propose();
            let style_table = Arc::new(catalog.style_table(&self.whole(&blend))?);
            let (_, measured) = probe.hear(style_table, 0, self.band, share, cancellation)?;
            self.trials += 1;
            self.search.learn(blend, measured);
        }
        let mut best: Option<(f32, usize, Clip)> = None;
        let sentence = SENTENCES.len() - FRESH;
        for at in [stock, self.search.best_at()] {
            if best.as_ref().is_some_and(|(_, before, _)| *before == at) {
                continue;
            }
            let style_table = self.style_table(at, catalog)?;
            let (clip, measured) =
                probe.hear(style_table, sentence, self.band, share, cancellation)?;
            let score = likeness(&measured, self.search.target());
            self.contest.hear(at, measured);
            if best.as_ref().is_none_or(|(before, _, _)| score > *before) {
                best = Some((score, at, clip));
            }
        }
        let (_, at, clip) = best.ok_or_else(|| Fault::internal("nothing was tried"))?;
        self.given = InUse::BlendWeights(at);
        Ok((self.as_match(at, catalog)?, clip))
    }

    /// Measures the table that the voice has from an earlier search, so that later blends are compared with it. Faults:
    /// those of speaking.
    pub fn compare_with(
        &mut self,
        style_table: &Arc<StyleTable>,
        probe: &VoiceProbe,
        cancellation: &CancellationToken,
    ) -> Result<(), Fault> {
        let band = self.band;
        let hear = |sentence: usize| {
            let table = style_table.clone();
            let idle = LaneShare::idle();
            let heard = probe.hear(table, sentence, band, &idle, cancellation);
            heard.map(|(_, measured)| measured)
        };
        let mut heard = hear(0)?;
        for sentence in 1..HEARINGS_MIN {
            heard = mean(&heard, sentence, &hear(sentence)?);
        }
        self.given = InUse::Score(likeness(&heard, self.search.target()));
        Ok(())
    }

    /// Tries one new blend, measures a candidate again, or compares candidates, beside the requests. Returns false when the
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
        let band = self.band;
        let hear = |style_table: Arc<StyleTable>, sentence: usize| {
            let idle = LaneShare::idle();
            let heard = probe.hear(style_table, sentence, band, &idle, cancellation);
            heard.map(|(_, measured)| measured)
        };
        if is_late && unsure.is_none() && self.settled.is_some() {
            let Some((at, sentence)) = self.contest.next(&self.contenders()) else {
                return Ok(false);
            };
            let measured = hear(self.style_table(at, catalog)?, sentence)?;
            self.contest.hear(at, measured);
            return Ok(true);
        }
        self.trials += 1;
        self.since_hearing += 1;
        match unsure {
            Some(at) if is_late || self.since_hearing > TRIALS_EACH => {
                self.since_hearing = 0;
                let sentence = self.search.tried()[at].hearings;
                let measured = hear(self.style_table(at, catalog)?, sentence)?;
                self.search.hear_again(at, measured);
            }
            _ => {
                let blend = match is_late {
                    true => self.search.settled(SETTLED_OF),
                    false => self.search.propose(),
                };
                let style_table = Arc::new(catalog.style_table(&self.whole(&blend))?);
                let measured = hear(style_table, 0)?;
                self.search.learn(blend, measured);
                if is_late {
                    self.settled = Some(self.search.tried().len() - 1);
                }
            }
        }
        self.worked += begun.elapsed();
        Ok(true)
    }

    /// The number of the best stock voice.
    fn stock_at(&self) -> usize {
        let score = |at: usize| self.search.tried()[at].score;
        let better = |a: usize, b: usize| if score(b) > score(a) { b } else { a };
        (0..self.voices.len()).reduce(better).unwrap_or(0)
    }

    /// The blends of which one is the result at the end: the best by the search, the voice's own, and the best stock voice.
    fn contenders(&self) -> Vec<usize> {
        let mut all = vec![self.found_at()];
        let given = match self.given {
            InUse::BlendWeights(at) => Some(at),
            InUse::Score(_) => None,
        };
        for at in given.into_iter().chain([self.stock_at()]) {
            if !all.contains(&at) {
                all.push(at);
            }
        }
        all
    }

    /// The blend that the search found: the final one, unless the best is clearly better.
    fn found_at(&self) -> usize {
        let best = self.search.best_at();
        let score = |at: usize| self.search.tried()[at].score;
        let settled = self
            .settled
            .filter(|at| score(*at) >= score(best) - SETTLED_COST_MAX);
        settled.unwrap_or(best)
    }

    /// The blend that the voice should have: that which won the last comparison, before that which the search found.
    fn chosen_at(&self) -> usize {
        let winner = match self.settled {
            Some(_) => (self.contest).winner(&self.contenders(), self.search.target()),
            None => None,
        };
        winner.unwrap_or_else(|| self.found_at())
    }

    /// Of the best, the final, the voice's own blend and the best stock voice, the one with the fewest measurements if these are too few for
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
            .chain([self.search.best_at(), self.stock_at()]);
        all.filter(|at| hearings(at) < HEARINGS_MIN)
            .min_by_key(hearings)
    }

    /// Whether the chosen blend is better than the voice's own, and both were measured often enough to compare them.
    pub fn is_better(&self) -> bool {
        let chosen = self.chosen_at();
        let of = |at: usize| self.search.tried()[at].score;
        let fresh = |at: usize| self.contest.score(at, self.search.target());
        let is_better = match self.given {
            InUse::BlendWeights(at) if at == chosen => false,
            // Once both have spoken the fresh sentences, these count.
            InUse::BlendWeights(at) if self.is_decided() => fresh(chosen) > fresh(at),
            InUse::BlendWeights(at) => of(chosen) > of(at),
            InUse::Score(score) => of(chosen) > score,
        };
        is_better && self.unsure().is_none()
    }

    /// Whether the last comparison is over.
    fn is_decided(&self) -> bool {
        self.settled.is_some() && self.contest.next(&self.contenders()).is_none()
    }

    /// Whether the voice has the style of a stock voice.
    pub fn is_stock(&self) -> bool {
        matches!(self.given, InUse::BlendWeights(at) if at < self.voices.len())
    }

    /// The best stock voice and its likeness.
    pub fn best_stock<'a>(&self, catalog: &'a Catalog) -> (&'a str, f32) {
        let tried = &self.search.tried()[self.stock_at()];
        let voice = catalog.nearest(&self.whole(&tried.blend));
        (&voice.id, tried.score)
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
        self.as_match(self.chosen_at(), catalog)
    }

    fn style_table(&self, at: usize, catalog: &Catalog) -> Result<Arc<StyleTable>, Fault> {
        let blend = self.whole(&self.search.tried()[at].blend);
        catalog.style_table(&blend).map(Arc::new)
    }

    fn as_match(&self, at: usize, catalog: &Catalog) -> Result<BestMatch, Fault> {
        let best = &self.search.tried()[at];
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
            is_stock: at < self.voices.len(),
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
