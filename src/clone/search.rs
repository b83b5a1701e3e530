//! The search for a blend of stock voices that sounds like a speaker.
//!
//! A voice is two vectors, timbre and prosody, and so a blend has two weights for each stock voice. The measurements of
//! an untried blend are predicted from those of the tried ones (`kriging`): of some hundred blends around the best, the
//! caller speaks and measures the most promising one, which improves later predictions. This file is pure computation.

use super::cholesky::Root;
use super::kriging::{Lengths, Regression};
use super::likeness::{Measured, likeness, pitch_cost, spectrum_cost};
use crate::audio::dsp::pitch::Pitch;
use crate::engine::speaker::unit;

/// Blends that are predicted for each one that is proposed.
const CANDIDATES: usize = 400;
/// Greatest bonus of an uncertain prediction, in units of cosine.
const CURIOSITY: f32 = 0.05;
/// Steps from a blend towards (or away from) another: standard deviation, as a share of the way.
const STEP: f32 = 0.35;
/// Greatest sum of the absolute weights of a blend: blends further beyond the stock voices hardly sound like speech.
const REACH_MAX: f32 = 2.0;
/// Ridge of the regression from embeddings to blends, as a share of the embeddings' mean square. For four people of whom none is in
/// the tests, 0.1 was a little better than 0.02 and 0.4 (benches/runs/2026-11-30-cloning.md).
const HELD_BACK: f64 = 0.1;
/// Every so many proposals, the regression's blend is proposed, the first time at once.
const REGRESS_EACH: usize = 12;
/// Numbers of best blends from which, and towards which, steps are made.
const STARTS: usize = 6;
const GOALS: usize = 25;
/// Share of the best stock voice in the final blend; the rest is the mean of the best blends.
const STOCK_SHARE: f32 = 0.25;
/// Length scales of the covariance: squared distances, as multiples of the stock voices' median squared distance.
const TIMBRE_LENGTH: f32 = 1.0;
const PROSODY_LENGTH: f32 = 2.0;

/// Weights of the stock voices; each sums to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct BlendWeights {
    pub timbre: Vec<f32>,
    pub prosody: Vec<f32>,
}

impl BlendWeights {
    /// One stock voice of `count`.
    pub fn stock(voice: usize, count: usize) -> Self {
        let mut weights = vec![0.0; count];
        weights[voice] = 1.0;
        BlendWeights {
            timbre: weights.clone(),
            prosody: weights,
        }
    }
}

/// The stock voices' places: one vector each, with timbre in the first half and prosody in the second.
#[derive(Debug)]
pub struct Space {
    stock: Vec<Vec<f32>>,
    lengths: Lengths,
}

impl Space {
    /// A space of at least one vector; all have the same even length.
    pub fn new(stock: Vec<Vec<f32>>) -> Self {
        let split = stock.first().map_or(0, Vec::len) / 2;
        let median = |range: std::ops::Range<usize>| {
            let mut squares = Vec::new();
            for (at, a) in stock.iter().enumerate() {
                for b in &stock[..at] {
                    let square = |n: usize| (a[n] - b[n]) * (a[n] - b[n]);
                    squares.push(range.clone().map(square).sum::<f32>());
                }
            }
            squares.sort_by(f32::total_cmp);
            squares
                .get(squares.len() / 2)
                .copied()
                .unwrap_or(1.0)
                .max(f32::MIN_POSITIVE)
        };
        Space {
            lengths: Lengths {
                split,
                before: TIMBRE_LENGTH * median(0..split),
                after: PROSODY_LENGTH * median(split..2 * split),
            },
            stock,
        }
    }

    /// Where `blend` lies.
    fn place(&self, blend: &BlendWeights) -> Vec<f32> {
        let split = self.lengths.split;
        let mut place = vec![0.0; 2 * split];
        for (voice, stock) in self.stock.iter().enumerate() {
            let (timbre, prosody) = (blend.timbre[voice], blend.prosody[voice]);
            let shares = place.iter_mut().zip(stock).enumerate();
            shares.for_each(|(n, (p, s))| *p += s * if n < split { timbre } else { prosody });
        }
        place
    }
}

/// A blend that was spoken.
#[derive(Debug, Clone)]
pub struct Tried {
    pub blend: BlendWeights,
    pub measured: Measured,
    /// Its likeness to the target.
    pub score: f32,
    /// How often the blend was measured, with another sentence each time; `measured` is the mean.
    pub hearings: usize,
}

/// A search under way.
pub struct Search {
    space: Space,
    target: Measured,
    tried: Vec<Tried>,
    places: Vec<Vec<f32>>,
    proposed: usize,
    dice: u64,
}

impl Search {
    /// A search for a voice like `target`; `stock` are the measurements of the stock voices of `space`.
    pub fn new(space: Space, stock: &[Measured], target: Measured) -> Self {
        let mut search = Search {
            space,
            target,
            tried: Vec::new(),
            places: Vec::new(),
            proposed: 0,
            dice: 0x2545_f491_4f6c_dd1d,
        };
        for (voice, measured) in stock.iter().enumerate() {
            search.learn(BlendWeights::stock(voice, stock.len()), measured.clone());
        }
        search
    }

    /// The measurements of the target.
    pub fn target(&self) -> &Measured {
        &self.target
    }

    /// Adds the measurements of a blend; returns its likeness to the target.
    pub fn learn(&mut self, blend: BlendWeights, measured: Measured) -> f32 {
        self.places.push(self.space.place(&blend));
        let score = likeness(&measured, &self.target);
        self.tried.push(Tried {
            blend,
            measured,
            score,
            hearings: 1,
        });
        score
    }

    /// Adds measurements of blend number `at` with another sentence.
    pub fn hear_again(&mut self, at: usize, measured: Measured) {
        let tried = &mut self.tried[at];
        tried.measured = mean(&tried.measured, tried.hearings, &measured);
        tried.hearings += 1;
        tried.score = likeness(&tried.measured, &self.target);
    }

    /// The mean of the `count` best blends, moved a quarter of the way towards the best stock voice: part of the
    /// likeness of a single blend is chance, which the mean reduces, and so does a voice that was really recorded.
    pub fn settled(&self, count: usize) -> BlendWeights {
        let ranked = self.ranked();
        let best = &ranked[..count.min(ranked.len())];
        let stock = self.tried[0].blend.timbre.len();
        let nearest =
            (0..stock).max_by(|a, b| f32::total_cmp(&self.tried[*a].score, &self.tried[*b].score));
        let nearest = BlendWeights::stock(nearest.unwrap_or(0), stock);
        let mean = |weights: &dyn Fn(&BlendWeights) -> Vec<f32>| {
            let mut sum: Vec<f32> = weights(&nearest).iter().map(|w| w * STOCK_SHARE).collect();
            for tried in best {
                let share = (1.0 - STOCK_SHARE) / best.len() as f32;
                let own = weights(&tried.blend);
                sum.iter_mut().zip(own).for_each(|(s, w)| *s += share * w);
            }
            sum
        };
        BlendWeights {
            timbre: mean(&|b| b.timbre.clone()),
            prosody: mean(&|b| b.prosody.clone()),
        }
    }

    /// The blends so far, the stock voices first.
    pub fn tried(&self) -> &[Tried] {
        &self.tried
    }

    /// The best blend.
    pub fn best(&self) -> &Tried {
        &self.tried[self.best_at()]
    }

    /// The number of the best blend.
    pub fn best_at(&self) -> usize {
        let better = |a: usize, b: usize| match self.tried[b].score > self.tried[a].score {
            true => b,
            false => a,
        };
        (0..self.tried.len()).reduce(better).unwrap_or(0)
    }

    /// The blends so far, the best first.
    fn ranked(&self) -> Vec<&Tried> {
        let mut all: Vec<&Tried> = self.tried.iter().collect();
        all.sort_by(|a, b| f32::total_cmp(&b.score, &a.score));
        all
    }

    /// The blend to try next: that of the regression at times, else the most promising of some around the best. Deterministic for
    /// the same search.
    pub fn propose(&mut self) -> BlendWeights {
        self.proposed += 1;
        if self.proposed % REGRESS_EACH == 1 {
            return self.regressed();
        }
        let values: Vec<Vec<f32>> = self.tried.iter().map(|t| values(&t.measured)).collect();
        let places = std::mem::take(&mut self.places);
        let known = Regression::new(&places, &values, self.space.lengths);
        let ranked: Vec<BlendWeights> = self.ranked().iter().map(|t| t.blend.clone()).collect();
        let mut best = (f32::NEG_INFINITY, ranked[0].clone());
        for candidate in 0..CANDIDATES {
            let Some(blend) = self.step(&ranked, candidate) else {
                continue;
            };
            let (guess, unsure) = known.at(&self.space.place(&blend));
            let promise = promise(&guess, &self.target) + CURIOSITY * unsure;
            if promise > best.0 {
                best = (promise, blend);
            }
        }
        drop(known);
        self.places = places;
        best.1
    }

    /// The blend of the target's embedding by ridge regression of the blends so far on their embeddings, in the dual form: what is
    /// like the target in a direction of the embeddings counts, even where no single voice is. It may lie far beyond the voices.
    fn regressed(&self) -> BlendWeights {
        let count = self.tried.len();
        let mean = |of: &dyn Fn(&Tried) -> &[f32]| {
            let mut mean = vec![0.0; of(&self.tried[0]).len()];
            for tried in &self.tried {
                let values = mean.iter_mut().zip(of(tried));
                values.for_each(|(m, v)| *m += v / count as f32);
            }
            mean
        };
        let middle = mean(&|t| &t.measured.direction);
        let off = |direction: &[f32]| -> Vec<f32> {
            direction.iter().zip(&middle).map(|(d, m)| d - m).collect()
        };
        let points: Vec<Vec<f32>> = (self.tried.iter())
            .map(|t| off(&t.measured.direction))
            .collect();
        let target = off(&self.target.direction);
        let dot =
            |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
        let square = points.iter().map(|p| dot(p, p)).sum::<f64>() / count as f64;
        let ridge = (HELD_BACK * square).max(f64::MIN_POSITIVE);
        let root = Root::of(count, |a, b| {
            dot(&points[a], &points[b]) + if a == b { ridge } else { 0.0 }
        });
        let mut shares: Vec<Vec<f64>> = points.iter().map(|p| vec![dot(p, &target)]).collect();
        root.solve(&mut shares);
        let blend = |of: &dyn Fn(&Tried) -> &[f32]| {
            let middle = mean(of);
            let mut weights = middle.clone();
            for (tried, share) in self.tried.iter().zip(&shares) {
                for (weight, (own, middle)) in weights.iter_mut().zip(of(tried).iter().zip(&middle))
                {
                    *weight += share[0] as f32 * (own - middle);
                }
            }
            weights
        };
        BlendWeights {
            timbre: blend(&|t| &t.blend.timbre),
            prosody: blend(&|t| &t.blend.prosody),
        }
    }

    /// A blend some steps away from one of the best; none if its weights exceed `REACH_MAX` and those of
    /// that one.
    fn step(&mut self, ranked: &[BlendWeights], candidate: usize) -> Option<BlendWeights> {
        let from = match candidate % 3 {
            0 => self.below(STARTS.min(ranked.len())),
            _ => 0,
        };
        let reach = |weights: &[f32]| weights.iter().map(|w| w.abs()).sum::<f32>();
        let far = |blend: &BlendWeights| reach(&blend.timbre).max(reach(&blend.prosody));
        let mut blend = ranked[from].clone();
        let reach_max = REACH_MAX.max(far(&blend));
        for _ in 0..1 + self.below(3) {
            let goal = &ranked[self.below(GOALS.min(ranked.len()))];
            let (share, half) = (STEP * self.normal(), self.below(3));
            let walk = |weights: &mut [f32], goal: &[f32]| {
                let pairs = weights.iter_mut().zip(goal);
                pairs.for_each(|(w, g)| *w += share * (g - *w));
            };
            if half != 1 {
                walk(&mut blend.timbre, &goal.timbre);
            }
            if half != 0 {
                walk(&mut blend.prosody, &goal.prosody);
            }
        }
        (far(&blend) <= reach_max).then_some(blend)
    }

    /// xorshift64 (Marsaglia 2003).
    fn random(&mut self) -> u32 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 32) as u32
    }

    fn below(&mut self, below: usize) -> usize {
        self.random() as usize % below.max(1)
    }

    /// A random number of mean 0 and standard deviation 1: the sum of twelve uniform ones is close enough to normal.
    fn normal(&mut self) -> f32 {
        (0..12)
            .map(|_| self.random() as f32 / u32::MAX as f32)
            .sum::<f32>()
            - 6.0
    }
}

/// The mean of `before`, which is the mean of `count` measurements, and one more.
pub fn mean(before: &Measured, count: usize, once: &Measured) -> Measured {
    let share = 1.0 / (count + 1) as f32;
    let between = |a: f32, b: f32| a + share * (b - a);
    let pairs = before.direction.iter().zip(&once.direction);
    Measured {
        direction: unit(pairs.map(|(a, b)| between(*a, *b)).collect()),
        pitch: match (before.pitch, once.pitch) {
            (Some(a), Some(b)) => Some(Pitch {
                median: between(a.median, b.median),
                range: between(a.range, b.range),
            }),
            (a, b) => a.or(b),
        },
        spectrum: {
            let pairs = before.spectrum.iter().zip(&once.spectrum);
            pairs.map(|(a, b)| between(*a, *b)).collect()
        },
        pace: between(before.pace, once.pace),
    }
}

/// The values that are predicted of a blend: embedding, median and range of the pitch, and spectrum.
fn values(measured: &Measured) -> Vec<f32> {
    let pitch = measured.pitch.unwrap_or(Pitch {
        median: 0.0,
        range: 0.0,
    });
    let mut values = measured.direction.clone();
    values.extend([pitch.median, pitch.range]);
    values.extend(&measured.spectrum);
    values
}

/// The likeness of predicted values to the target.
fn promise(guess: &[f32], target: &Measured) -> f32 {
    let (direction, rest) = guess.split_at(target.direction.len());
    let (pitch, spectrum) = rest.split_at(2);
    let length = direction.iter().map(|d| d * d).sum::<f32>().sqrt();
    let cosine: f32 = direction
        .iter()
        .zip(&target.direction)
        .map(|(a, b)| a * b)
        .sum();
    let pitch = Pitch {
        median: pitch[0],
        range: pitch[1],
    };
    cosine / length.max(f32::MIN_POSITIVE)
        - pitch_cost(Some(pitch), target.pitch)
        - spectrum_cost(spectrum, &target.spectrum)
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
