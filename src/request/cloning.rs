//! `POST /voice/clone`: a recording of a speaker whose voice is to be cloned.

use schemars::JsonSchema;

use crate::form::{Form, file_schema};
use vocabox_base::fault::Fault;
use vocabox_base::limits;
use vocabox_base::names::check_name;
use vocabox_edge::message::Body;

/// Language of a clone whose request names none.
const LANGUAGE: &str = "en-us";

/// A recording of a speaker whose voice is to be cloned.
#[derive(JsonSchema)]
pub struct CloneForm {
    #[schemars(schema_with = "file_schema")]
    pub file: Body,
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub name: String,
    #[schemars(default, length(max = limits::CLONE_DESCRIPTION_CHARS_MAX))]
    pub description: String,
    /// The language that the voice reads if a speech request names none.
    #[schemars(with = "Option<String>", extend("default" = LANGUAGE))]
    pub language: String,
    /// Whether the speaker agreed; a server may require it.
    #[schemars(default)]
    pub consent: bool,
    /// The words by which the speaker agreed, for the record.
    #[schemars(with = "Option<String>", length(max = limits::CLONE_DESCRIPTION_CHARS_MAX))]
    pub consent_text: String,
}

impl CloneForm {
    /// Reads a form. Faults: `Invalid` for a field that is not accepted, and without consent where it is required.
    pub fn read(mut form: Form, require_consent: bool) -> Result<Self, Fault> {
        let name = form
            .text("name")
            .ok_or_else(|| Fault::invalid("name is missing"))?;
        let name = check_name(name)?;
        let words = |name| bounded(name, form.text(name).unwrap_or(""));
        let (description, consent_text) = (words("description")?, words("consent_text")?);
        let language = form.text("language").unwrap_or(LANGUAGE).to_owned();
        let consent = consent(&form, require_consent, "be cloned")?;
        Ok(CloneForm {
            file: form.take_file()?,
            name,
            description,
            language,
            consent,
            consent_text,
        })
    }
}

/// Whether the speaker agreed to what is done, such as "be cloned". Faults: `Invalid` for another value than a boolean, and without
/// consent where it is required.
pub fn consent(form: &Form, is_required: bool, done: &str) -> Result<bool, Fault> {
    let consent = form.boolean("consent", false)?;
    match is_required && !consent {
        true => Err(Fault::invalid(format!(
            "consent is missing; send consent=true if the speaker agreed to {done}"
        ))),
        false => Ok(consent),
    }
}

/// The text of a field that says something of a voice.
fn bounded(name: &str, text: &str) -> Result<String, Fault> {
    let (chars, most) = (text.chars().count(), limits::CLONE_DESCRIPTION_CHARS_MAX);
    match chars > most {
        true => Err(Fault::invalid(format!(
            "{name} has {chars} characters; at most {most} are accepted"
        ))),
        false => Ok(text.to_owned()),
    }
}
