//! `vocabox models default`: which pack of its kind goes first.

use std::path::Path;

use super::super::CliError;
use super::super::output::{print, table};
use super::{kind_name, named};
use crate::app;
use crate::pack::Pack;
use crate::pack::defaults::PackDefaults;
use crate::pack::manifest::PackKind;

/// Choose the pack that goes first among those of its kind; without a name, list what goes first.
///
/// A transcriber, speech detector, speaker encoder or segmenter that is chosen is the one that is loaded. All packs that speak and
/// that translate are loaded: the chosen one speaks the voices that another has as well, and translates the pairs that another
/// translates as well. --transcribe-pack and --speak-pack go before the choice. A running server sees it when it is started again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    vocabox models default                      list what goes first\n  \
    vocabox models default whisper-small        have whisper-small transcribe\n  \
    vocabox models default whisper-small --unset")]
pub struct DefaultArgs {
    #[arg(value_name = "PACK")]
    name: Option<String>,
    /// Take the choice back: packs go by their names again
    #[arg(long, requires = "name")]
    unset: bool,
}

/// Kinds of which one goes first.
const KINDS: [PackKind; 8] = [
    PackKind::Speak,
    PackKind::Transcribe,
    PackKind::Translate,
    PackKind::Detect,
    PackKind::Embed,
    PackKind::Compare,
    PackKind::Segment,
    PackKind::Convert,
];

/// Lists or changes the choices in `models_dir`.
pub fn run(args: &DefaultArgs, models_dir: &Path, packs: &[Pack]) -> Result<(), CliError> {
    let usage = |e: crate::pack::PackError| CliError::Usage(e.to_string());
    let mut defaults = PackDefaults::read(models_dir).map_err(usage)?;
    let Some(name) = &args.name else {
        let rows = KINDS.map(|kind| row(packs, &defaults, kind)).into_iter();
        return print(&table(["KIND", "PACK", "BY"], rows));
    };
    let said = match args.unset {
        true => match defaults.forget(name) {
            true => format!("{name} is no longer chosen."),
            false => return Err(CliError::Usage(format!("{name} is not chosen"))),
        },
        false => {
            let pack = named(packs, name)?;
            if !KINDS.contains(&pack.kind()) {
                return Err(CliError::Usage(format!(
                    "{name} is of the kind {}, of which none is chosen",
                    kind_name(pack.kind())
                )));
            }
            if !pack.is_fetched() {
                return Err(CliError::Usage(format!(
                    "{name} is not fetched: run scripts/fetch-models {name}"
                )));
            }
            defaults.choose(pack.kind(), name);
            format!(
                "{name} goes first among the packs of the kind {}, for servers and commands that start from now on.",
                kind_name(pack.kind())
            )
        }
    };
    let written = defaults.write(models_dir);
    written.map_err(|e| CliError::Failed(format!("{}: {e}", models_dir.display())))?;
    print(&said)
}

fn row(packs: &[Pack], defaults: &PackDefaults, kind: PackKind) -> [String; 3] {
    let chosen = defaults.of(kind);
    let pack = app::choose(packs, kind, chosen).ok().flatten();
    let by = match (chosen, &pack) {
        (Some(name), None) => format!("choice of {name}, which is not there"),
        (Some(_), Some(_)) => "choice".to_owned(),
        (None, Some(_)) => "name".to_owned(),
        (None, None) => "-".to_owned(),
    };
    let name = pack.map_or("-".to_owned(), |pack| pack.name().to_owned());
    [kind_name(kind), name, by]
}
