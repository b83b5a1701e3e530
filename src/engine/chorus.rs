//! Every pack that speaks as one engine: a task goes to the pack that has its voice.
//!
//! Owns which pack speaks a voice that several list: one that was fetched for it comes before one that every box
//! has, so that weights made for a language take over the voices that stood in for them.

use super::blend::Blend;
use super::contract::{Engine, Speak, SpeakTask, Watch};
use super::nets::Nets;
use super::{Build, of, reads, unknown_voice};
use crate::audio::pcm::Clip;
use crate::fault::Fault;
use crate::pack::Pack;
use crate::pack::manifest::Voice;

/// The engines of several packs, owned by one worker.
pub struct Chorus {
    parts: Vec<(Vec<String>, Box<Speak>)>,
}

impl Chorus {
    /// `packs` in the order in which they are asked for a voice.
    pub fn order(packs: &mut [Pack]) {
        packs.sort_by_key(|p| p.manifest.default);
    }

    /// The voices of `packs` that can be spoken here, each with the pack that speaks it; those of the last pack in
    /// order, which every box has, come first.
    pub fn voices(packs: &[Pack]) -> Vec<(&Voice, &Pack)> {
        let mut all: Vec<(&Voice, &Pack)> = Vec::new();
        for pack in packs {
            let mut own: Vec<(&Voice, &Pack)> = Vec::new();
            for voice in pack.manifest.voices.iter().filter(|v| reads(pack, v)) {
                if !all.iter().any(|(v, _)| v.id == voice.id) {
                    own.push((voice, pack));
                }
            }
            all.splice(0..0, own);
        }
        all
    }

    /// Builds the engine of each pack. Faults: `Missing` when one cannot be loaded.
    pub fn build(packs: &[Pack], nets: &Nets) -> Result<Box<Speak>, Fault> {
        let build = |pack: &Pack| match of(pack)? {
            Build::Speak(build) => {
                let ids = pack.manifest.voices.iter().map(|v| v.id.clone());
                Ok((ids.collect(), build(pack, nets)?))
            }
            _ => Err(super::wrong_engine(pack)),
        };
        let parts = packs.iter().map(build).collect::<Result<_, Fault>>()?;
        Ok(Box::new(Chorus { parts }))
    }
}

impl Engine for Chorus {
    type Task = SpeakTask;
    type Output = Clip;

    /// Faults: `NotFound` for a voice that no pack has, and those of the pack's engine.
    fn run(&mut self, task: SpeakTask, watch: &Watch) -> Result<Clip, Fault> {
        // A blend is within one pack: any of its voices finds it.
        let blend = Blend::parse(&task.voice)?;
        let has = |ids: &[String]| blend.voices().any(|v| ids.iter().any(|id| id == v));
        let part = self.parts.iter_mut().find(|(ids, _)| has(ids));
        let (_, engine) = part.ok_or_else(unknown_voice)?;
        engine.run(task, watch)
    }
}
