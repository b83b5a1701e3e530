//! The stock voices: their style tables, their measurements, and the table of a blend.
//!
//! A pack can come with measurements of its voices. Other voices are measured once for a set of packs, beside the requests, and
//! the measurements are kept in a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::band::{MeasuredInBands, RecordingBand};
use super::likeness::Measured;
use super::probe::{SENTENCES, VoiceProbe};
use super::search::{BlendWeights, Space};
use crate::engine::contract::CancellationToken;
use crate::engine::tts::kokoro::TableFile;
use crate::engine::tts::style::StyleTable;
use crate::engine::tts::style::{STYLE, TABLE};
use crate::fault::Fault;
use crate::pack::PackFile;
use crate::scheduler::LaneShare;

/// The role of the file of a pack that has the measurements of its voices, as `scripts/measure_stock_voices.py` makes it.
pub const MEASUREMENTS: &str = "measurements";
/// The file of measurements in the data folder.
const FILE_NAME: &str = "stock-voices.json";
/// The row of a style table by which voices are compared: about that of a sentence of [`SENTENCES`].
const ROW: usize = 45;
/// Version of the measuring code; a change that alters measurements raises it, and `scripts/measure_stock_voices.py` is run again.
const MEASURING: &str = "5";
/// Number of voices after which measurements are written, so that a server that is stopped continues there.
const KEEP_EACH: usize = 8;
/// Least number of measured voices for a direction of liveliness; with few voices it is rough.
const LIVELY_MIN: usize = 8;
/// Ridge of the regression that finds the direction of liveliness, as a share of the voices' spread.
const HELD_BACK: f32 = 1.0;

/// A voice of the pack.
#[derive(Debug, Clone)]
pub struct StockVoice {
    pub id: String,
    pub table: TableFile,
}

/// Whether a voice is measured.
#[derive(Debug, Clone)]
enum StockState {
    Nothing,
    /// The voice could not be spoken at the last attempt.
    Faulty,
    Measured(MeasuredInBands),
}

impl StockState {
    fn measured(&self) -> Option<&MeasuredInBands> {
        match self {
            StockState::Measured(measured) => Some(measured),
            StockState::Nothing | StockState::Faulty => None,
        }
    }
}

/// All stock voices, with their measurements.
pub struct Catalog {
    voices: Vec<StockVoice>,
    places: Vec<Vec<f32>>,
    known: Mutex<Vec<StockState>>,
    learnt: Condvar,
    file: PathBuf,
    /// Hash of everything that the measurements depend on.
    key: String,
}

/// The file of measurements: those of each voice, by the hash of the voice's file.
#[derive(Serialize, Deserialize)]
struct StoredMeasurements {
    key: String,
    voices: Vec<(String, MeasuredInBands)>,
}

impl Catalog {
    /// The catalog of `voices`, each with a file of its own. `models` identify the graphs that speak and that measure;
    /// measurements that were made with the same ones are read from `data_dir` and from `shipped`, which came with the
    /// pack. Faults: `Engine` when a table cannot be read.
    pub fn open(
        voices: Vec<StockVoice>,
        models: &[String],
        shipped: Option<&PackFile>,
        data_dir: &Path,
    ) -> Result<Self, Fault> {
        let places = voices
            .iter()
            .map(|v| Ok(v.table.read(&v.id)?[ROW * STYLE..(ROW + 1) * STYLE].to_vec()))
            .collect::<Result<Vec<Vec<f32>>, Fault>>()?;
        let made_by = [MEASURING, SENTENCES[0], &models.join(" ")];
        let key = blake3::hash(made_by.join(" ").as_bytes());
        let mut catalog = Catalog {
            places,
            known: Mutex::new(vec![StockState::Nothing; voices.len()]),
            voices,
            learnt: Condvar::new(),
            file: data_dir.join(FILE_NAME),
            key: key.to_hex().to_string(),
        };
        if let Some(shipped) = shipped.and_then(|file| file.read().ok()) {
            catalog.recall(&shipped);
        }
        if let Ok(measured) = fs::read(&catalog.file) {
            catalog.recall(&measured);
        }
        Ok(catalog)
    }

    /// Takes the measurements from the content of a file; one that is damaged or of other models has none.
    fn recall(&mut self, file: &[u8]) {
        let kept = serde_json::from_slice::<StoredMeasurements>(file).ok();
        let Some(kept) = kept.filter(|kept| kept.key == self.key) else {
            return;
        };
        let mut known = self.known();
        for (slot, voice) in known.iter_mut().zip(&self.voices) {
            let of_file = kept
                .voices
                .iter()
                .find(|(sha256, _)| *sha256 == voice.table.sha256);
            if let Some((_, measured)) = of_file {
                *slot = StockState::Measured(measured.clone());
            }
        }
    }

    /// Measures the voices that are not measured yet, and writes the measurements. Returns how many voices could not be
    /// spoken; the log names each of these once. Faults: those of `cancellation`, and `Internal` when the file cannot
    /// be written.
    pub fn learn(
        &self,
        probe: &VoiceProbe,
        cancellation: &CancellationToken,
    ) -> Result<usize, Fault> {
        let missing: Vec<usize> = {
            let known = self.known();
            let is_missing = |v: &usize| known[*v].measured().is_none();
            (0..known.len()).filter(is_missing).collect()
        };
        if missing.is_empty() {
            log::info!("all {} stock voices measured before", self.voices.len());
            return Ok(0);
        }
        let mut faulty = 0;
        let begun = Instant::now();
        // Voices far apart in the list come first, so that a clone that is made meanwhile finds voices of all kinds.
        let order = spread(missing.len()).into_iter().map(|n| missing[n]);
        for (count, voice) in order.enumerate() {
            cancellation.check()?;
            if count % KEEP_EACH == KEEP_EACH - 1 {
                self.keep()?;
            }
            let heard = self.stock_style_table(voice).and_then(|style_table| {
                probe.hear_in_bands(Arc::new(style_table), &LaneShare::idle(), cancellation)
            });
            // After a cancellation the fault is not the voice's.
            cancellation.check()?;
            let now = match heard {
                Ok(measured) => StockState::Measured(measured),
                Err(fault) => {
                    faulty += 1;
                    if !matches!(self.known()[voice], StockState::Faulty) {
                        let id = &self.voices[voice].id;
                        log::warn!("stock voice {id} could not be measured: {fault}");
                    }
                    StockState::Faulty
                }
            };
            self.known()[voice] = now;
            self.learnt.notify_all();
        }
        self.keep()?;
        log::info!(
            "{} stock voices measured in {:.1} s",
            missing.len() - faulty,
            begun.elapsed().as_secs_f64()
        );
        Ok(faulty)
    }

    fn keep(&self) -> Result<(), Fault> {
        let known = self.known();
        let voices = self.voices.iter().zip(&*known);
        let kept = StoredMeasurements {
            key: self.key.clone(),
            voices: voices
                .filter_map(|(voice, known)| {
                    Some((voice.table.sha256.clone(), known.measured()?.clone()))
                })
                .collect(),
        };
        let json = serde_json::to_vec(&kept).map_err(Fault::internal)?;
        let fresh = self.file.with_extension("new");
        fs::write(&fresh, json).map_err(Fault::internal)?;
        fs::rename(&fresh, &self.file).map_err(Fault::internal)
    }

    /// Waits for at most `most` until `least` voices are measured or every voice was tried; returns whether that came
    /// true.
    pub fn wait_known(&self, least: usize, most: Duration) -> bool {
        let is_enough = |known: &[StockState]| {
            let measured = known.iter().filter(|k| k.measured().is_some()).count();
            measured >= least || !known.iter().any(|k| matches!(k, StockState::Nothing))
        };
        let waited = self
            .learnt
            .wait_timeout_while(self.known(), most, |known| !is_enough(known));
        let (known, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_enough(&known)
    }

    /// The measurements of the voices in `band`, in their order; none for those that are not measured.
    pub fn measured(&self, band: RecordingBand) -> Vec<Option<Measured>> {
        let known = self.known();
        let of = |known: &StockState| known.measured().map(|m| m.of(band).clone());
        known.iter().map(of).collect()
    }

    /// The space of the voices with these numbers.
    pub fn space(&self, voices: &[usize]) -> Space {
        Space::new(voices.iter().map(|n| self.places[*n].clone()).collect())
    }

    /// The voice with the greatest timbre weight in `blend`, whose weights are those of the first voices.
    pub fn nearest(&self, blend: &BlendWeights) -> &StockVoice {
        let weights = &blend.timbre;
        let most = |a: &usize, b: &usize| f32::total_cmp(&weights[*a], &weights[*b]);
        let voice = (0..weights.len()).max_by(most).unwrap_or(0);
        &self.voices[voice]
    }

    /// The style table of `blend`, whose weights are those of the first voices. Faults: `Engine` when a table cannot be
    /// read.
    pub fn style_table(&self, blend: &BlendWeights) -> Result<StyleTable, Fault> {
        let mut rows = vec![0.0; TABLE];
        for (number, voice) in self.voices.iter().enumerate() {
            let weight = |weights: &[f32]| weights.get(number).copied().unwrap_or(0.0);
            let (timbre, prosody) = (weight(&blend.timbre), weight(&blend.prosody));
            if timbre == 0.0 && prosody == 0.0 {
                continue;
            }
            let table = voice.table.read(&voice.id)?;
            for (row, stock) in rows.chunks_exact_mut(STYLE).zip(table.chunks_exact(STYLE)) {
                for (n, (value, stock)) in row.iter_mut().zip(stock).enumerate() {
                    *value += stock * if n < STYLE / 2 { timbre } else { prosody };
                }
            }
        }
        Ok(StyleTable {
            rows,
            lively: self.lively(),
        })
    }

    fn stock_style_table(&self, voice: usize) -> Result<StyleTable, Fault> {
        let stock = &self.voices[voice];
        Ok(StyleTable {
            rows: stock.table.read(&stock.id)?,
            lively: vec![0.0; STYLE / 2],
        })
    }

    /// The direction of liveliness: the change of prosody with which the range of the pitch grows by one standard
    /// deviation of the voices' and its median stays. From ridge regressions of range and median on prosody; zeros
    /// while too few voices are measured.
    fn lively(&self) -> Vec<f32> {
        let half = STYLE / 2;
        let known = self.known();
        let pairs = self.places.iter().zip(&*known);
        let heard: Vec<(&[f32], f32, f32)> = pairs
            .filter_map(|(place, known)| {
                let pitch = known.measured()?.wide.pitch?;
                Some((&place[half..], pitch.range, pitch.median))
            })
            .collect();
        if heard.len() < LIVELY_MIN {
            return vec![0.0; half];
        }
        let prosody: Vec<&[f32]> = heard.iter().map(|h| h.0).collect();
        let of = |values: Vec<f32>| super::slope::slope(&prosody, &values, HELD_BACK);
        let range = of(heard.iter().map(|h| h.1).collect());
        let median = of(heard.iter().map(|h| h.2).collect());
        super::slope::step_without(&range, &median)
    }

    fn known(&self) -> MutexGuard<'_, Vec<StockState>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The numbers below `count` in an order in which each is far from those before it: multiples of the golden ratio,
/// modulo 1.
fn spread(count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| {
        let turn = |n: &usize| (*n as f64 * 0.618_033_988_75).fract();
        f64::total_cmp(&turn(a), &turn(b))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clone::toy_engines::{probe, voices};

    fn cancellation() -> CancellationToken {
        CancellationToken::until(Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn a_voice_that_cannot_be_spoken_is_passed_over_until_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let voices = voices(folder.path(), 4);
        let broken = voices[1].table.file.shown().to_owned();
        let catalog = Catalog::open(voices, &[], None, folder.path()).unwrap();
        let (probe, table) = (probe(|| ()), fs::read(&broken).unwrap());
        fs::write(&broken, b"half").unwrap();
        assert!(!catalog.wait_known(4, Duration::ZERO));
        assert_eq!(catalog.learn(&probe, &cancellation()).unwrap(), 1);
        let known = |c: &Catalog| {
            c.measured(RecordingBand::Wide)
                .iter()
                .map(Option::is_some)
                .collect::<Vec<_>>()
        };
        assert_eq!(known(&catalog), [true, false, true, true]);
        assert!(catalog.wait_known(4, Duration::ZERO), "it is tried once");
        fs::write(&broken, table).unwrap();
        assert_eq!(catalog.learn(&probe, &cancellation()).unwrap(), 0);
        assert_eq!(known(&catalog), [true; 4]);
    }

    #[test]
    fn what_was_measured_is_known_again_with_the_same_models_only() {
        let folder = tempfile::tempdir().unwrap();
        let voices = voices(folder.path(), 3);
        let open = |models: &[&str]| {
            let models: Vec<String> = models.iter().map(|m| m.to_string()).collect();
            Catalog::open(voices.clone(), &models, None, folder.path()).unwrap()
        };
        let first = open(&["kokoro 1", "encoder 1"]);
        first.learn(&probe(|| ()), &cancellation()).unwrap();
        assert_eq!(
            open(&["kokoro 1", "encoder 1"]).measured(RecordingBand::Wide),
            first.measured(RecordingBand::Wide)
        );
        for others in [&["kokoro 2", "encoder 1"], &["kokoro 1", "encoder 2"]] {
            assert!(
                open(others)
                    .measured(RecordingBand::Narrow)
                    .iter()
                    .all(Option::is_none)
            );
        }
    }

    #[test]
    fn measurements_of_the_pack_are_known_at_once_and_only_other_voices_are_measured() {
        let folder = tempfile::tempdir().unwrap();
        let voices = voices(folder.path(), 4);
        let open = |count: usize, shipped, data: &str| {
            let data_dir = folder.path().join(data);
            fs::create_dir_all(&data_dir).unwrap();
            Catalog::open(voices[..count].to_vec(), &[], shipped, &data_dir).unwrap()
        };
        let maker = open(3, None, "maker");
        maker.learn(&probe(|| ()), &cancellation()).unwrap();
        let shipped = PackFile::Disk(maker.file.clone());
        let fresh = open(4, Some(&shipped), "fresh");
        let known = |c: &Catalog| c.measured(RecordingBand::Wide);
        assert_eq!(known(&fresh)[..3], known(&maker)[..]);
        assert!(known(&fresh)[3].is_none());
        fresh.learn(&probe(|| ()), &cancellation()).unwrap();
        assert!(known(&open(4, Some(&shipped), "fresh"))[3].is_some());
    }

    #[test]
    fn all_are_visited_once() {
        let mut order = spread(54);
        assert_ne!(order[1], 1);
        order.sort_unstable();
        assert_eq!(order, (0..54).collect::<Vec<_>>());
    }
}
