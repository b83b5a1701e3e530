//! All packs that speak as one engine: a task goes to the pack that has its voice.
//!
//! Owns which pack speaks a voice that several packs list: a pack that was fetched explicitly goes before a default
//! pack, so that weights made for a language take over the voices that substituted for them.

use std::sync::Arc;

use crate::contract::{Speak, SpeechPieces, Utterance};
use crate::graph::loader::GraphLoader;
use crate::refusals::unknown_voice;
use crate::registry::Build;
use crate::registry::of;
use crate::registry::reads;
use crate::tts::blend::Blend;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;
use vocabox_pack::manifest::Voice;

/// The engines of several packs.
pub struct VoiceRouter {
    parts: Vec<(Vec<String>, Arc<dyn Speak>)>,
}

impl VoiceRouter {
    /// Sorts `packs` into the order in which a voice is looked up.
    pub fn order(packs: &mut [Pack]) {
        packs.sort_by_key(|p| p.manifest.default);
    }

    /// Returns the voices of `packs` that can be spoken, each with the pack that speaks it; those of the last pack in
    /// order, the default one, come first.
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
    pub fn build(packs: &[Pack], graphs: &GraphLoader) -> Result<Arc<dyn Speak>, Fault> {
        let build = |pack: &Pack| match of(pack)? {
            Build::Speak(build) => {
                let ids = pack.manifest.voices.iter().map(|v| v.id.clone());
                Ok((ids.collect(), build(pack, graphs)?))
            }
            _ => Err(crate::registry::wrong_engine(pack)),
        };
        let parts = packs.iter().map(build).collect::<Result<_, Fault>>()?;
        Ok(Arc::new(VoiceRouter { parts }))
    }
}

impl Speak for VoiceRouter {
    fn pieces<'a>(&'a self, utterance: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
        // A blend is within one pack: any of its voices finds it.
        let blend = Blend::parse(&utterance.voice)?;
        let has = |ids: &[String]| blend.voices().any(|v| ids.iter().any(|id| id == v));
        let part = self.parts.iter().find(|(ids, _)| has(ids));
        let (_, engine) = part.ok_or_else(unknown_voice)?;
        engine.pieces(utterance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use vocabox_pack::manifest::Manifest;

    /// A pack of the engine `kokoro` with these voices of Yoruba.
    fn pack(name: &str, default: bool, voices: &[&str]) -> Pack {
        let mut text = format!(
            "name = \"{name}\"\nkind = \"speak\"\nengine = \"kokoro\"\ntitle = \"\"\ndescription = \"\"\nlicence = \"MIT\"\n\
             origin = \"\"\ndefault = {default}\n[[files]]\nrole = \"model\"\npath = \"m\"\nsize = 0\nsha256 = \"{}\"\n",
            "0".repeat(64)
        );
        for id in voices {
            text.push_str(&format!(
                "[[voices]]\nid = \"{id}\"\nname = \"{name}\"\nlanguage = \"yo\"\ngender = \"\"\ndescription = \"\"\nfile = \"m\"\n"
            ));
        }
        Pack::in_folder(PathBuf::new(), Manifest::parse(&text).unwrap())
    }

    #[test]
    fn weights_of_a_language_take_over_the_voices_that_stood_in() {
        let mut packs = [
            pack("every", true, &["a", "b"]),
            pack("made-for-it", false, &["b", "c"]),
        ];
        VoiceRouter::order(&mut packs);
        let voices: Vec<(&str, &str)> = VoiceRouter::voices(&packs)
            .into_iter()
            .map(|(voice, pack)| (voice.id.as_str(), pack.name()))
            .collect();
        assert_eq!(
            voices,
            [("a", "every"), ("b", "made-for-it"), ("c", "made-for-it")]
        );
    }

    /// Speaks at the rate that it is told when it is made, and has no pieces.
    struct Stub(u32);

    impl Speak for Stub {
        fn pieces<'a>(&'a self, _: &'a Utterance) -> Result<SpeechPieces<'a>, Fault> {
            Ok(SpeechPieces {
                rate_hz: self.0,
                pieces: Box::new(std::iter::empty()),
            })
        }
    }

    #[test]
    fn a_task_goes_to_the_first_pack_that_has_its_voice() {
        let own = |ids: &[&str]| ids.iter().map(|id| id.to_string()).collect();
        let router = VoiceRouter {
            parts: vec![
                (own(&["b", "c"]), Arc::new(Stub(1)) as Arc<dyn Speak>),
                (own(&["a", "b"]), Arc::new(Stub(2))),
            ],
        };
        let rate_hz = |voice: &str| {
            let utterance = Utterance {
                voice: voice.to_owned(),
                ..Utterance::default()
            };
            router.pieces(&utterance).map(|pieces| pieces.rate_hz)
        };
        assert_eq!(rate_hz("b").unwrap(), 1);
        assert_eq!(rate_hz("a(2)+x").unwrap(), 2);
        assert!(rate_hz("unknown").is_err());
    }
}
