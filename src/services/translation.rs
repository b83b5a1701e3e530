//! Text → text in another language: each pack for the pairs of languages that it lists.

use std::sync::Arc;

use super::{Capacity, ModelName, run_engine};
use crate::engine::contract::CancellationToken;
use crate::engine::contract::{Translate, TranslateTask, Translation};
use crate::fault::Fault;
use crate::pack::translate::Translate as TranslateSettings;
use crate::scheduler::LaneShare;
use crate::scheduler::estimates::Work;
use crate::scheduler::lanes::Lanes;
use crate::scheduler::places::Places;

/// All that translates.
pub struct TranslationService {
    /// One for each request that runs or waits.
    pub places: Places,
    pub translators: Vec<Translator>,
}

/// A pack that translates.
pub struct Translator {
    engine: Arc<Translate>,
    lanes: Arc<Lanes>,
    pub name: ModelName,
    /// The languages that it knows.
    settings: TranslateSettings,
}

impl Translator {
    /// Returns a translator that has `engine` translate.
    pub fn new(
        name: ModelName,
        settings: TranslateSettings,
        engine: Arc<Translate>,
        capacity: &Capacity,
    ) -> Self {
        Translator {
            engine,
            lanes: Arc::clone(&capacity.lanes),
            name,
            settings,
        }
    }

    /// Returns codes of two languages that it translates from and into; both empty if it knows no pair.
    pub fn pair(&self) -> (&str, &str) {
        let settings = &self.settings;
        let mut pairs = settings
            .from
            .iter()
            .flat_map(|from| settings.to.iter().map(move |to| (from, to)));
        let pair = pairs.find(|(from, to)| settings.knows(from, to));
        pair.map_or(("", ""), |(from, to)| (from, to))
    }

    /// Returns the translation of a text. Faults: `Busy` when it could not start before the deadline of `cancellation`;
    /// `Engine` when the engine failed or did not finish before that; `Cancelled`; `Invalid` for what the engine cannot
    /// translate.
    pub fn translate(
        &self,
        task: TranslateTask,
        share: &LaneShare,
        cancellation: &CancellationToken,
    ) -> Result<Translation, Fault> {
        let chars = task.text.chars().count() as f64;
        let lane_task = (self.lanes).enter(share, Work::Translate, chars, cancellation)?;
        run_engine(&*self.engine, task, &lane_task)
    }
}

impl TranslationService {
    /// Of these packs; `capacity` is that of each.
    pub fn new(translators: Vec<Translator>, capacity: &Capacity) -> Self {
        TranslationService {
            places: Places::new(capacity.places),
            translators,
        }
    }

    /// What translates from `source` into `target`: of several the first by name.
    pub fn translator(&self, source: &str, target: &str) -> Option<&Translator> {
        let knows = |t: &&Translator| t.settings.knows(source, target);
        self.translators.iter().find(knows)
    }

    /// Codes of the languages that can be translated into `target`, each once, in order.
    pub fn sources(&self, target: &str) -> Vec<&str> {
        let settings = self.translators.iter().map(|t| &t.settings);
        let pairs = settings.flat_map(|s| s.from.iter().map(move |source| (s, source)));
        let known = pairs.filter(|(s, source)| s.knows(source, target));
        let mut codes: Vec<&str> = known.map(|(_, source)| source.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

/// The language that is translated from, and what does it: nothing needs to where that is the target itself. Without a
/// `source` it is the only one that `service` translates from. Faults: `Missing` for a pair that no translator knows,
/// `Invalid` when there is no `source` and there are several.
pub fn route<'a>(
    service: Option<&'a TranslationService>,
    source: Option<&String>,
    target: &str,
) -> Result<(String, Option<&'a Translator>), Fault> {
    let source = match source {
        Some(code) => code.clone(),
        None => only_source(service, target)?,
    };
    if source == target {
        return Ok((source, None));
    }
    let translator = service.and_then(|s| s.translator(&source, target));
    match translator {
        Some(_) => Ok((source, translator)),
        None => Err(not_installed(&format!("from {source} "), target)),
    }
}

fn only_source(service: Option<&TranslationService>, target: &str) -> Result<String, Fault> {
    let sources = service.map_or_else(Vec::new, |s| s.sources(target));
    match sources[..] {
        [] => Err(not_installed("", target)),
        [only] => Ok(only.to_owned()),
        _ => Err(Fault::invalid(format!(
            "source_language is missing, and this server translates into {target} from several languages: {}",
            sources.join(", ")
        ))),
    }
}

fn not_installed(from: &str, target: &str) -> Fault {
    Fault::missing(format!(
        "No engine that translates {from}into {target} is installed on this server."
    ))
}
