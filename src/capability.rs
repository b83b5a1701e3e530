//! What the server can do: a row for each capability.
//!
//! Which packs are chosen, how many requests may wait, the deadlines of endpoints, `/readyz` and the warnings at the start
//! derive from the rows. A capability is its row here and its service, which `services::Services` holds. Knows neither.

use crate::limits;
use crate::pack::manifest::PackKind;

/// What is to be known of a capability before any of its packs is loaded.
#[derive(Debug)]
pub struct CapabilityRow {
    /// Its name, in `/readyz` too.
    pub name: &'static str,
    /// What a pack of it does, as a verb.
    pub does: &'static str,
    /// The pack that messages tell operators to fetch for it.
    pub example_pack: &'static str,
    /// Kinds of the packs that it runs; the first is that of its engine.
    pub packs: &'static [PackKind],
    /// Seconds that the work of a request may take, its wait included. A capability that has such requests has a place for
    /// each that computes or waits: as many as there are lanes and places in the queue. None where it serves other
    /// capabilities only.
    pub request_seconds_max: Option<u64>,
    pub ready: ReadyField,
    /// The endpoint that the log names at the start where its pack is missing; none where no warning is due.
    pub endpoint: Option<&'static str>,
}

/// What `/readyz` says of a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadyField {
    /// Nothing.
    Absent,
    /// Its first model, null while there is none. The server is ready with any one of these.
    First,
    /// All its models.
    All,
}

/// Declares the capabilities, each once: a variant and its [`CapabilityRow`].
macro_rules! capabilities {
    ($($(#[$of:meta])* $variant:ident { $($field:ident: $value:expr,)+ })+) => {
        /// Something that engines do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Capability {
            $($(#[$of])* $variant,)+
        }

        impl Capability {
            pub const ALL: &'static [Capability] = &[$(Capability::$variant),+];

            /// What is declared of it.
            pub const fn row(self) -> &'static CapabilityRow {
                match self {
                    $(Capability::$variant => &CapabilityRow { $($field: $value,)+ },)+
                }
            }
        }
    };
}

capabilities! {
    /// Text → sound.
    Speak {
        name: "speak",
        does: "speaks",
        example_pack: "kokoro",
        packs: &[PackKind::Speak, PackKind::Convert],
        request_seconds_max: Some(limits::SPEAK_SECONDS_MAX),
        ready: ReadyField::First,
        endpoint: Some("/voice/tts"),
    }
    /// Sound → text.
    Transcribe {
        name: "transcribe",
        does: "transcribes",
        example_pack: "whisper-base",
        packs: &[PackKind::Transcribe, PackKind::Detect],
        request_seconds_max: Some(limits::TRANSCRIBE_SECONDS_MAX),
        ready: ReadyField::First,
        endpoint: Some("/voice/stt"),
    }
    /// Text → text in another language.
    Translate {
        name: "translate",
        does: "translates",
        example_pack: "translate-pt-en",
        packs: &[PackKind::Translate],
        request_seconds_max: Some(limits::TRANSLATE_SECONDS_MAX),
        ready: ReadyField::All,
        endpoint: None,
    }
    /// Sound → who speaks when, and what a speaker is like: cloning needs it.
    Diarize {
        name: "diarize",
        does: "embeds speakers",
        example_pack: "speaker-campplus",
        packs: &[PackKind::Embed, PackKind::Segment, PackKind::Compare],
        request_seconds_max: Some(limits::CLONE_SECONDS_WAIT_MAX),
        ready: ReadyField::Absent,
        endpoint: None,
    }
}

impl Capability {
    /// Those that have requests of their own, and so places.
    pub fn with_requests() -> impl Iterator<Item = Capability> {
        let all = Capability::ALL.iter().copied();
        all.filter(|capability| capability.row().request_seconds_max.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_capabilities_have_a_name_or_an_engine_in_common() {
        let rows = || Capability::ALL.iter().map(|capability| capability.row());
        for (at, row) in rows().enumerate() {
            for other in rows().skip(at + 1) {
                assert_ne!(row.name, other.name);
                assert_ne!(row.packs[0], other.packs[0]);
            }
        }
    }
}
