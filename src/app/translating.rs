//! What translates: every fetched pack for it, with workers of its own.

use std::time::Instant;

use super::installation::{Installation, depth, not_fetched};
use crate::api::translating::{Translating, Translator};
use crate::engine::contract::Translate;
use crate::engine::{self, Build, wrong_engine};
use crate::fault::Fault;
use crate::pack::Pack;
use crate::work::places::Places;
use crate::work::pool::Pool;

impl Installation {
    /// Builds the engine that translates from `source` into `target`. Faults: `Missing` when no fetched pack does, or it
    /// cannot be loaded.
    pub fn build_translate(&self, source: &str, target: &str) -> Result<Box<Translate>, Fault> {
        let knows = |p: &&Pack| {
            let settings = p.manifest.translate.as_ref();
            settings.is_some_and(|t| t.knows(source, target))
        };
        let what = format!("translates from {source} into {target}");
        let pack = self.translators.iter().find(knows);
        self.build_translator(pack.ok_or_else(|| not_fetched(&what, "translate-pt-en"))?)
    }

    fn build_translator(&self, pack: &Pack) -> Result<Box<Translate>, Fault> {
        match engine::of(pack)? {
            Build::Translate(build) => build(pack, &self.graphs),
            _ => Err(wrong_engine(pack)),
        }
    }

    /// Starts what translates. None while no pack for it is fetched: nothing but dubbing asks for one. Faults: when a fetched
    /// one cannot be loaded.
    pub(super) fn start_translating(
        &self,
        workers: usize,
        queue: usize,
    ) -> Result<Option<Translating>, Fault> {
        let depth = depth(workers, queue);
        let mut translators = Vec::new();
        for pack in &self.translators {
            let begun = Instant::now();
            let (this, own) = (self.clone(), pack.clone());
            let pool = Pool::start("translate", workers, depth, move || {
                this.build_translator(&own)
            })?;
            log::info!(
                "pack {} loaded by {workers} workers in {:.1} s",
                pack.name(),
                begun.elapsed().as_secs_f64()
            );
            let settings = pack.manifest.translate.clone();
            translators.push(Translator {
                pool,
                engine: pack.manifest.engine.clone(),
                model: pack.name().to_owned(),
                settings: settings.ok_or_else(|| wrong_engine(pack))?,
            });
        }
        Ok((!translators.is_empty()).then(|| Translating {
            places: Places::new(depth),
            translators,
        }))
    }
}
