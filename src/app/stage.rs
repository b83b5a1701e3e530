//! Who speaks for those who are dubbed: the voices of the packs, the accounts' clones, and imitations that live as long as
//! what was spoken by them is kept.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use crate::api::clone::styled;
use crate::api::speech::{Controls, Speaking};
use crate::audio::Clip;
use crate::audio::pcm::ClipReader;
use crate::clone::Cloning;
use crate::clone::studio::Lane;
use crate::dub::cast::{Role, Stage};
use crate::engine::contract::{CancellationToken, SpeakTask, Utterance};
use crate::engine::tts::style::{Style, StyleTable};
use crate::engine::unknown_voice;
use crate::fault::{Fault, Kind};
use crate::pack::manifest::Voice;
use crate::store::{AccountId, Store, VoiceId};
use crate::work::kept::Kept;

/// Between two looks whether a box that was just started knows its stock voices.
const LOOK: Duration = Duration::from_secs(1);
/// Raised when a change of ours makes imitations sound otherwise.
const MAKING: &str = "2";

/// The workers and what they know.
pub(super) struct House {
    pub(super) speaking: Arc<Speaking>,
    pub(super) cloning: Option<Arc<Cloning>>,
    pub(super) store: Arc<Store>,
    /// Imitations that were made before.
    pub(super) kept: Arc<Kept>,
}

impl Stage for House {
    fn say(&self, utterance: &Utterance, cancellation: &CancellationToken) -> Result<Clip, Fault> {
        let mut made = None;
        let task = || {
            let (pieces, sound) = mpsc::channel();
            made = Some(sound);
            let outlet = Box::new(move |piece| pieces.send(piece).map_err(Fault::internal));
            let utterance = utterance.clone();
            SpeakTask { utterance, outlet }
        };
        self.speaking.pool.run_idle(task, cancellation)?;
        let clip = Clip::joined(made.iter().flat_map(|sound| sound.try_iter()));
        clip.ok_or_else(|| Fault::engine("the engine made no sound"))
    }

    fn voice(
        &self,
        account: Option<AccountId>,
        voice_id: &str,
        language: &str,
    ) -> Result<Role, Fault> {
        let mut utterance = Utterance {
            voice: voice_id.to_owned(),
            ..Utterance::default()
        };
        if !VoiceId::is_like(voice_id) {
            let voice = self.speaking.spoken(voice_id)?;
            let identity = format!("{voice_id}\n{}", voice.origin.fingerprint);
            return Ok(role(voice_id, utterance, voice.first, identity));
        }
        let (Some(account), Some(cloning)) = (account, &self.cloning) else {
            return Err(unknown_voice());
        };
        let controls = Controls {
            language: Some(language.to_owned()),
            ..Controls::default()
        };
        let (speaking, store) = (&self.speaking, &self.store);
        let voice = styled(speaking, cloning, store, account, &mut utterance, &controls)?;
        let table = store.voice(account, voice_id.parse().map_err(Fault::internal)?)?;
        let identity = format!(
            "{}\n{}\n{}\n{}",
            table.style.table, utterance.voice, utterance.speed, voice.origin.fingerprint
        );
        Ok(role(voice_id, utterance, voice.first, identity))
    }

    fn imitate(
        &self,
        speech: &Clip,
        language: &str,
        cancellation: &CancellationToken,
    ) -> Result<Role, Fault> {
        let none = || Fault::missing("No engine for cloning is installed on this box.");
        let cloning = self.cloning.as_ref().ok_or_else(none)?;
        let reader = self.speaking.reader(language)?;
        let origin = self.speaking.origins.get(&reader.id);
        let fingerprint = &origin.ok_or_else(unknown_voice)?.fingerprint;
        let name = name(speech, fingerprint);
        let found = self.kept.find_or_make(&name, cancellation, || {
            let recording = || Box::new(ClipReader::from(speech.clone()));
            let fresh = patiently(cancellation, || {
                cloning.hear(recording(), Lane::Idle, cancellation)
            })?;
            let mut bytes = fresh.found.pace.to_le_bytes().to_vec();
            bytes.extend(fresh.found.style_table.bytes());
            Ok(bytes)
        })?;
        let (pace, style_table) = found
            .split_first_chunk::<4>()
            .ok_or_else(|| Fault::internal("a kept imitation is empty"))?;
        let utterance = Utterance {
            voice: reader.id.clone(),
            speed: f32::from_le_bytes(*pace),
            style: Some(Style {
                style_table: Arc::new(StyleTable::parse(style_table)?),
                example: None,
                nearest: reader.id.clone(),
                exaggeration: None,
                cfg_weight: None,
            }),
            ..Utterance::default()
        };
        let identity = format!("{}\n{name}", reader.id);
        Ok(role("", utterance, reader, identity))
    }

    fn stock(&self, language: &str) -> Vec<Role> {
        let voices = self.speaking.voices_of(language);
        let stock = |voice: &Voice| self.voice(None, &voice.id, language).ok();
        voices.filter_map(stock).collect()
    }
}

fn role(voice_id: &str, utterance: Utterance, voice: &Voice, identity: String) -> Role {
    Role {
        voice_id: voice_id.to_owned(),
        utterance,
        language: voice.language.clone(),
        gender: voice.gender.to_lowercase(),
        identity,
    }
}

/// Asks again while the box has no room: nobody waits.
fn patiently<T>(
    cancellation: &CancellationToken,
    ask: impl Fn() -> Result<T, Fault>,
) -> Result<T, Fault> {
    loop {
        match ask() {
            Err(fault) if matches!(fault.kind, Kind::Busy { .. }) => {
                cancellation.check()?;
                thread::sleep(LOOK);
            }
            answer => return answer,
        }
    }
}

/// The name of an imitation's file: a hash of all that decides it.
fn name(speech: &Clip, fingerprint: &str) -> String {
    let mut hash = blake3::Hasher::new();
    for part in [env!("CARGO_PKG_VERSION"), MAKING, fingerprint] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    for sample in &speech.samples {
        hash.update(&sample.to_le_bytes());
    }
    format!("{}.voice", hash.finalize().to_hex())
}
