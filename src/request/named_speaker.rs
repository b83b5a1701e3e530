//! `PUT /voice/speakers`: a recording of a speaker who gets a name.

use schemars::JsonSchema;

use crate::cloning::consent;
use crate::form::{Form, file_schema};
use vocabox_base::fault::Fault;
use vocabox_base::limits;
use vocabox_base::names::check_name;
use vocabox_edge::message::Body;

/// A recording of a speaker, and the speaker's name.
#[derive(JsonSchema)]
pub struct SpeakerForm {
    /// The speech of one person.
    #[schemars(schema_with = "file_schema")]
    pub file: Body,
    /// A name that the account has given already is that of this speaker from now on.
    #[schemars(length(min = 1, max = limits::NAME_CHARS_MAX))]
    pub name: String,
    /// Whether the speaker agreed; a server may require it, as for a clone.
    #[schemars(default)]
    pub consent: bool,
}

impl SpeakerForm {
    /// Faults: `Invalid` for a field that is not accepted, and without consent where it is required.
    pub fn read(mut form: Form, require_consent: bool) -> Result<Self, Fault> {
        let name = form.text("name");
        let name = check_name(name.ok_or_else(|| Fault::invalid("name is missing"))?)?;
        let consent = consent(&form, require_consent, "be known by the voice")?;
        Ok(SpeakerForm {
            consent,
            file: form.take_file()?,
            name,
        })
    }
}
