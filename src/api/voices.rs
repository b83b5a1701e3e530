//! `GET /voice/voices`: the voices that this server can speak now. `DELETE /voice/voices/{voice_id}` deletes a clone.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::preview;
use super::{Call, Context, Reply};
use crate::fault::Fault;
use crate::pack::manifest::{Category, Voice};
use crate::request::languages::{TARGETS, name};
use crate::services::voices::{Origin, base, speaks};
use crate::store::ClonedVoice;
use crate::text;

/// The query of a request for voices.
#[derive(Default, JsonSchema)]
pub struct VoicesQuery {
    /// Only voices that speak this language.
    language: Option<String>,
    /// Only voices of this category; an unknown category has none.
    category: Option<String>,
}

impl VoicesQuery {
    /// Reads a URL's query.
    fn read(query: &str) -> Self {
        let mut asked = VoicesQuery::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "language" => asked.language = Some(value.into_owned()),
                "category" => asked.category = Some(value.into_owned()),
                _ => {}
            }
        }
        asked
    }

    fn fits(&self, language: &str, category: VoiceCategory) -> bool {
        let asked = self.category.as_deref();
        let (language_asked, of_it) = (self.language.as_deref(), category.name());
        asked.is_none_or(|c| c == of_it) && language_asked.is_none_or(|l| speaks(language, l))
    }
}

/// The voices that can be spoken, and the languages of all of them.
#[derive(Serialize, JsonSchema)]
pub struct VoicesAnswer {
    languages: Vec<LanguageRow>,
    /// How texts are read, by the voices' own codes; an extension of the hosted API.
    reading: Vec<ReadingRow>,
    voices: Vec<VoiceRow>,
}

/// The category of a voice.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum VoiceCategory {
    Premade,
    Vocabusta,
    Cloned,
}

impl VoiceCategory {
    fn name(self) -> &'static str {
        match self {
            VoiceCategory::Premade => "premade",
            VoiceCategory::Vocabusta => "vocabusta",
            VoiceCategory::Cloned => "cloned",
        }
    }
}

impl From<Category> for VoiceCategory {
    fn from(category: Category) -> Self {
        match category {
            Category::Premade => VoiceCategory::Premade,
            Category::Vocabusta => VoiceCategory::Vocabusta,
        }
    }
}

/// A voice in the answer.
#[derive(Serialize, JsonSchema)]
struct VoiceRow {
    category: VoiceCategory,
    description: String,
    engine: String,
    gender: String,
    language: String,
    name: String,
    /// None if the voice has no preview.
    preview_url: Option<String>,
    /// In Hz.
    sample_rate: u32,
    voice_id: String,
}

/// A language, and what the server can do in it.
#[derive(Serialize, JsonSchema)]
struct LanguageRow {
    code: String,
    dub: bool,
    name: String,
    stt: bool,
    tts: bool,
}

/// What the voices of a language read.
#[derive(Serialize, JsonSchema)]
struct ReadingRow {
    code: String,
    /// Whether figures, signs and abbreviations are read as words of the language.
    figures: bool,
    /// English names of the scripts (ISO 15924) whose letters are read; letters of others are left out.
    scripts: Vec<&'static str>,
}

/// A clone that was deleted.
#[derive(Serialize, JsonSchema)]
pub struct DeletedVoice {
    #[schemars(extend("const" = "deleted"))]
    status: &'static str,
    voice_id: String,
}

/// Lists voices, filtered by `?language=` and `?category=`, and the languages of all of them.
pub fn handle(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let asked = VoicesQuery::read(&call.head.query);
    let stock = context.voices.stock().iter();
    let stock = stock.filter(|v| asked.fits(&v.language, v.category.into()));
    let row = |voice: &Voice| Some(row(voice, context.voices.origin(voice)?));
    let mut voices: Vec<VoiceRow> = stock.filter_map(row).collect();
    let account = call.identity()?.account.id;
    let clones = context.voices.clones(account)?;
    let fits = |(voice, _): &&(ClonedVoice, &Origin)| {
        asked.fits(&voice.style.language, VoiceCategory::Cloned)
    };
    let clones = clones.iter().filter(fits);
    voices.extend(clones.map(|(voice, origin)| cloned_row(voice, origin)));
    Reply::json(&VoicesAnswer {
        languages: languages(context),
        reading: reading(context),
        voices,
    })
}

/// Deletes a clone of the account. Faults: `Invalid` for a stock voice, `NotFound` for any other id that is not the
/// account's.
pub fn delete(context: &Context, call: &mut Call) -> Result<Reply, Fault> {
    let account = call.identity()?.account.id;
    let id = context.voices.delete_clone(account, &call.param)?;
    Reply::json(&DeletedVoice {
        status: "deleted",
        voice_id: id.to_string(),
    })
}

fn row(voice: &Voice, origin: &Origin) -> VoiceRow {
    VoiceRow {
        category: voice.category.into(),
        description: voice.description.clone(),
        engine: origin.name.engine.clone(),
        gender: voice.gender.clone(),
        language: voice.language.clone(),
        name: voice.name.clone(),
        preview_url: preview::url(&voice.id, &voice.language),
        sample_rate: origin.rate_hz,
        voice_id: voice.id.clone(),
    }
}

/// A clone's row.
fn cloned_row(voice: &ClonedVoice, origin: &Origin) -> VoiceRow {
    VoiceRow {
        category: VoiceCategory::Cloned,
        description: voice.description.clone(),
        engine: origin.name.engine.clone(),
        gender: String::new(),
        language: voice.style.language.clone(),
        name: voice.name.clone(),
        preview_url: preview::url(&voice.id.to_string(), &voice.style.language),
        sample_rate: origin.rate_hz,
        voice_id: voice.id.to_string(),
    }
}

/// What the stock voices read, by the codes of their languages. A language without a reader, which only voices that read
/// letters have, is read as it is spelled.
fn reading(context: &Context) -> Vec<ReadingRow> {
    let codes: BTreeSet<&str> = (context.voices.stock().iter())
        .map(|voice| voice.language.as_str())
        .collect();
    let row = |code: &str| ReadingRow {
        code: code.to_owned(),
        figures: text::is_read(code),
        scripts: match text::is_read(code) {
            true => text::scripts(code).to_vec(),
            false => Vec::new(),
        },
    };
    codes.into_iter().map(row).collect()
}

/// Languages that the server speaks or transcribes, by their base code. `dub` is true for languages that it both speaks
/// and translates into.
fn languages(context: &Context) -> Vec<LanguageRow> {
    let mut codes: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for voice in context.voices.stock() {
        codes.entry(base(&voice.language)).or_default().0 = true;
    }
    if let Some(transcription) = &context.services.transcription {
        for code in transcription.languages() {
            codes.entry(code).or_default().1 = true;
        }
    }
    let is_target = |code: &str| {
        let translation = context.services.translation.as_ref();
        TARGETS.contains(&code) && translation.is_some_and(|t| !t.sources(code).is_empty())
    };
    let row = |(code, (tts, stt)): (&&str, &(bool, bool))| LanguageRow {
        code: (*code).to_owned(),
        dub: *tts && is_target(code),
        name: name(code),
        stt: *stt,
        tts: *tts,
    };
    codes.iter().map(row).collect()
}
