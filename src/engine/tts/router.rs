//! Every pack that speaks as one engine: a task goes to the pack that has its voice.
//!
//! Owns which pack speaks a voice that several list: one that was fetched for it comes before one that every server
//! has, so that weights made for a language take over the voices that stood in for them.

use crate::contract::{CancellationToken, Engine, Speak, SpeakTask};
use crate::graph::loader::GraphLoader;
use crate::refusals::unknown_voice;
use crate::registry::Build;
use crate::registry::of;
use crate::registry::reads;
use crate::tts::blend::Blend;
use vocabox_base::fault::Fault;
use vocabox_pack::Pack;
use vocabox_pack::manifest::Voice;

/// The engines of several packs, owned by one worker.
pub struct VoiceRouter {
    parts: Vec<(Vec<String>, Box<Speak>)>,
}

impl VoiceRouter {
    /// `packs` in the order in which they are asked for a voice.
    pub fn order(packs: &mut [Pack]) {
        packs.sort_by_key(|p| p.manifest.default);
    }

    /// The voices of `packs` that can be spoken here, each with the pack that speaks it; those of the last pack in
    /// order, which every server has, come first.
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
    pub fn build(packs: &[Pack], graphs: &GraphLoader) -> Result<Box<Speak>, Fault> {
        let build = |pack: &Pack| match of(pack)? {
            Build::Speak(build) => {
                let ids = pack.manifest.voices.iter().map(|v| v.id.clone());
                Ok((ids.collect(), build(pack, graphs)?))
            }
            _ => Err(crate::registry::wrong_engine(pack)),
        };
        let parts = packs.iter().map(build).collect::<Result<_, Fault>>()?;
        Ok(Box::new(VoiceRouter { parts }))
    }
}

impl Engine for VoiceRouter {
    type Task = SpeakTask;
    type Output = ();

    /// Faults: `NotFound` for a voice that no pack has, and those of the pack's engine.
    fn run(&mut self, task: SpeakTask, cancellation: &CancellationToken) -> Result<(), Fault> {
        // A blend is within one pack: any of its voices finds it.
        let blend = Blend::parse(&task.utterance.voice)?;
        let has = |ids: &[String]| blend.voices().any(|v| ids.iter().any(|id| id == v));
        let part = self.parts.iter_mut().find(|(ids, _)| has(ids));
        let (_, engine) = part.ok_or_else(unknown_voice)?;
        engine.run(task, cancellation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Utterance, speak_whole};
    use std::path::PathBuf;
    use std::time::{Duration, Instant};
    use vocabox_audio::pcm::Clip;
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
        Pack {
            folder: PathBuf::new(),
            manifest: Manifest::parse(&text).unwrap(),
        }
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

    /// Speaks as many samples as it is told when it is made.
    struct Stub(usize);

    impl Engine for Stub {
        type Task = SpeakTask;
        type Output = ();

        fn run(&mut self, mut task: SpeakTask, _: &CancellationToken) -> Result<(), Fault> {
            (task.outlet)(Clip {
                samples: vec![0.0; self.0],
                rate_hz: 8_000,
            })
        }
    }

    #[test]
    fn a_task_goes_to_the_first_pack_that_has_its_voice() {
        let own = |ids: &[&str]| ids.iter().map(|id| id.to_string()).collect();
        let mut router = VoiceRouter {
            parts: vec![
                (own(&["b", "c"]), Box::new(Stub(1)) as Box<Speak>),
                (own(&["a", "b"]), Box::new(Stub(2))),
            ],
        };
        let cancellation = CancellationToken::until(Instant::now() + Duration::from_secs(60));
        let mut say = |voice: &str| {
            let voice = voice.to_owned();
            let utterance = Utterance {
                voice,
                ..Utterance::default()
            };
            speak_whole(&mut router, utterance, &cancellation)
        };
        assert_eq!(say("b").unwrap().samples.len(), 1);
        assert_eq!(say("a(2)+x").unwrap().samples.len(), 2);
        assert!(say("nobody").is_err());
    }
}
