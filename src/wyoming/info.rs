//! What a server can do, as the Wyoming event `info` tells it. Source: `wyoming/info.py` of the PyPI package `wyoming` 1.10.2.

use serde_json::{Value, json};

use super::event::WyomingEvent;
use crate::api::Context;
use crate::fault::Fault;
use crate::store::AccountId;

/// The name of both programs.
const PROGRAM: &str = "vocabox";

/// The answer to `describe`: what transcribes, and the voices that speak, the account's clones among them. Faults: the
/// store's.
pub fn info(context: &Context, account: AccountId) -> Result<WyomingEvent, Fault> {
    let mut kinds = json!({});
    for kind in ["asr", "tts", "wake", "handle", "intent", "mic", "snd"] {
        kinds[kind] = json!([]);
    }
    if let Some(transcription) = &context.services.transcription {
        let mut languages: Vec<&str> = transcription.languages().collect();
        languages.sort_unstable();
        languages.dedup();
        let mut model = artifact(&transcription.general().name.model, "Speech to text");
        model["languages"] = json!(languages);
        let mut program = artifact(PROGRAM, "Speech to text");
        program["models"] = json!([model]);
        program["supports_transcript_streaming"] = json!(false);
        kinds["asr"] = json!([program]);
    }
    let stock = context.voices.stock().iter();
    let mut voices: Vec<Value> = stock
        .map(|stock| voice(&stock.id, &stock.name, &stock.language))
        .collect();
    for (clone, _) in context.voices.clones(account)? {
        voices.push(voice(
            &clone.id.to_string(),
            &clone.name,
            &clone.style.language,
        ));
    }
    if !voices.is_empty() {
        let mut program = artifact(PROGRAM, "Text to speech");
        program["voices"] = json!(voices);
        program["supports_synthesize_streaming"] = json!(true);
        kinds["tts"] = json!([program]);
    }
    Ok(WyomingEvent::new("info", kinds))
}

fn voice(id: &str, name: &str, language: &str) -> Value {
    let mut voice = artifact(id, name);
    voice["languages"] = json!([tag(language)]);
    voice
}

/// What each entry of the lists has.
fn artifact(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "description": description,
        "attribution": { "name": PROGRAM, "url": "" },
        "installed": true,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// A language code with its region in capitals, as BCP 47 writes it: `en-gb` is `en-GB`.
fn tag(language: &str) -> String {
    match language.split_once(['-', '_']) {
        Some((language, region)) => format!("{language}-{}", region.to_uppercase()),
        None => language.to_owned(),
    }
}
