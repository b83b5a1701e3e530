//! Text → text in another language: each pack for the pairs of languages that it lists.

use super::permits::Permits;
use super::{Capacity, Done, ModelName, Priority};
use crate::engine::contract::CancellationToken;
use crate::engine::contract::{Translate, TranslateTask, Translation};
use crate::fault::Fault;
use crate::pack::translate::Translate as TranslateSettings;
use crate::work::pool::Pool;

/// All that translates.
pub struct TranslationService {
    /// One for each request that runs or waits.
    pub permits: Permits,
    pub translators: Vec<TranslatorPool>,
}

/// The workers of a pack that translates.
pub struct TranslatorPool {
    pool: Pool<TranslateTask, Translation>,
    pub name: ModelName,
    /// The languages that it knows.
    settings: TranslateSettings,
}

impl TranslatorPool {
    /// Starts the workers of a pack; `build` makes the engine of each. Faults: the first that `build` returns,
    /// `Internal` when a thread cannot be started.
    pub fn start(
        name: ModelName,
        settings: TranslateSettings,
        capacity: Capacity,
        build: impl Fn() -> Result<Box<Translate>, Fault> + Send + Sync + 'static,
    ) -> Result<Self, Fault> {
        let requests_max = capacity.requests_max();
        Ok(TranslatorPool {
            pool: Pool::start("translate", capacity.workers, requests_max, build)?,
            name,
            settings,
        })
    }

    /// The translation of a text. Faults: `Busy` when the queue is full; `Engine` when the engine failed or did not
    /// finish before the deadline of `cancellation`; `Cancelled`; `Invalid` for what the engine cannot translate.
    pub fn translate(
        &self,
        task: TranslateTask,
        priority: Priority,
        cancellation: &CancellationToken,
    ) -> Result<Done<Translation>, Fault> {
        match priority {
            Priority::Interactive => self.pool.run(task, cancellation),
            Priority::Background => self.pool.run_idle(|| task.clone(), cancellation),
        }
    }
}

impl TranslationService {
    /// Of these packs; `capacity` is that of each.
    pub fn new(translators: Vec<TranslatorPool>, capacity: Capacity) -> Self {
        TranslationService {
            permits: Permits::new(capacity.requests_max()),
            translators,
        }
    }

    /// What translates from `source` into `target`: of several the first by name.
    pub fn translator(&self, source: &str, target: &str) -> Option<&TranslatorPool> {
        let knows = |t: &&TranslatorPool| t.settings.knows(source, target);
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
) -> Result<(String, Option<&'a TranslatorPool>), Fault> {
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
