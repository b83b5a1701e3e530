//! The workers that translate, with what their packs say of themselves.

use crate::engine::contract::{TranslateTask, Translation};
use crate::pack::translate::Translate;
use crate::services::permits::Places;
use crate::work::pool::Pool;

/// All that translates: each pack for the pairs of languages that it lists.
pub struct Translating {
    /// One for each request that runs or waits.
    pub places: Places,
    pub translators: Vec<Translator>,
}

/// The workers of a pack that translates.
pub struct Translator {
    pub pool: Pool<TranslateTask, Translation>,
    /// What the pack calls itself, and its name.
    pub engine: String,
    pub model: String,
    /// The languages that it knows.
    pub settings: Translate,
}

impl Translating {
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
