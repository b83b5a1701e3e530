//! What clones: the stock voices of the packs that speak, and workers of its own.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::installation::{Installation, depth};
use crate::api::speech::Speaking;
use crate::clone::Cloning;
use crate::clone::catalog::{Catalog, StockVoice};
use crate::clone::studio::Studio;
use crate::engine;
use crate::fault::Fault;
use crate::pack::Pack;
use crate::store::Store;
use crate::work::pool::Pool;

/// Language of the sentences that voices are tried with.
const TRIED_IN: &str = "en-us";

impl Installation {
    /// Starts what clones; none, with a line in the log, where a pack for it is not fetched. Faults: when a fetched one cannot be
    /// loaded.
    pub(super) fn start_cloning(
        &self,
        speaking: Option<&Speaking>,
        store: &Arc<Store>,
        data_dir: &Path,
        workers: usize,
        queue: usize,
    ) -> Result<Option<Cloning>, Fault> {
        let fetched = [&self.embed, &self.detect];
        let ([Some(embed), Some(_)], Some(speaking)) = (fetched.map(Option::as_ref), speaking)
        else {
            log::warn!("no pack that embeds speakers is fetched: /voice/clone answers 503");
            return Ok(None);
        };
        let packs = self.speakers.iter().filter(|p| engine::has_tables(p));
        let Some((pack, reader)) = packs.clone().find_map(|p| Some((p, reader(p)?))) else {
            log::warn!("no pack whose voices are tables is fetched: /voice/clone answers 503");
            return Ok(None);
        };
        let hashes = [pack, embed].map(|p| self.made_of(p));
        let catalog = Catalog::open(stock(pack), &hashes, data_dir)?;
        let (diarize, embed) = (self.clone(), self.clone());
        let depth = depth(workers, queue);
        let ears = Pool::start("diarize", 1, depth, move || diarize.build_diarize())?;
        // Beside requests there is the thread that makes voices better.
        let embed = Pool::start("embed", 1, depth + 1, move || embed.build_embed())?;
        let studio = Studio {
            speak: speaking.pool.clone(),
            embed,
            reader,
        };
        let gives_examples = self.convert.is_some();
        Cloning::start(catalog, studio, ears, store.clone(), gives_examples).map(Some)
    }

    /// What tells `pack`, and which of its models runs, from any other.
    fn made_of(&self, pack: &Pack) -> String {
        let variant = self.graphs.variant(pack).unwrap_or_default();
        format!("{} {variant}", pack.fingerprint())
    }
}

/// A voice of `pack` that reads the sentences that voices are tried with.
fn reader(pack: &Pack) -> Option<String> {
    let voices = &pack.manifest.voices;
    let reads = voices.iter().find(|v| v.language == TRIED_IN);
    reads.map(|v| v.id.clone())
}

/// The voices of `pack`, each file once.
fn stock(pack: &Pack) -> Vec<StockVoice> {
    let mut seen = HashSet::new();
    let manifest = &pack.manifest;
    let voices = manifest.voices.iter().filter(|v| seen.insert(&v.file));
    voices
        .map(|voice| {
            let file = manifest.files.iter().find(|f| f.path == voice.file);
            StockVoice {
                id: voice.id.clone(),
                path: pack.folder.join(&voice.file),
                sha256: file.map_or_else(String::new, |f| f.sha256.clone()),
            }
        })
        .collect()
}
