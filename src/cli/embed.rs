//! `vocabox models embed` and `models extract`: packs within the program, and back into folders.

use std::path::{Path, PathBuf};

use super::CliError;
use super::output::print;
use crate::pack::manifest::{PackKind, WEIGHTS};
use crate::pack::{Pack, PackError, program};

/// Write one file that is this program with packs within it: it serves where there is no models folder.
///
/// The packs are mapped from the file when the server runs; nothing is unpacked. A pack of the same name in the models folder
/// counts instead, so a single pack can be replaced later. `strip` and programs that compress executables remove the packs.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  vocabox models embed vocabox-appliance
  vocabox models embed vocabox-transcribes whisper-base silero-vad
  ./vocabox-appliance serve")]
pub struct EmbedArgs {
    /// The file to write; what was there is replaced once the new one is whole.
    #[arg(value_name = "FILE")]
    out: PathBuf,
    /// The packs; without any, all that are fetched.
    #[arg(value_name = "PACK")]
    names: Vec<String>,
}

/// Write packs that are within this program into folders.
#[derive(Debug, clap::Args)]
pub struct ExtractArgs {
    /// The folder to write into; --models-dir if it is left out.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
    /// The packs; without any, all that are within the program.
    #[arg(value_name = "PACK")]
    names: Vec<String>,
}

/// Runs `vocabox models embed` with these packs to choose from.
pub fn embed(args: &EmbedArgs, packs: &[Pack]) -> Result<(), CliError> {
    // The program holds ONNX Runtime in any case, and recordings are for its tests.
    let embeds =
        |p: &&Pack| p.is_fetched() && !matches!(p.kind(), PackKind::Runtime | PackKind::Audio);
    let chosen = chosen(&args.names, packs.iter().filter(embeds))?;
    if chosen.is_empty() {
        return Err(CliError::Usage(
            "no pack is fetched: run scripts/fetch-models, or name the folder by --models-dir"
                .to_owned(),
        ));
    }
    let is_split = |pack: &&Pack| pack.manifest.files.iter().any(|f| f.role == WEIGHTS);
    if let Some(pack) = chosen.iter().find(is_split) {
        return Err(CliError::Usage(format!(
            "the pack {} has weights in files beside its graphs, which are read from a folder only: leave it in the models \
             folder, and name the packs to embed",
            pack.name()
        )));
    }
    let told = |path: &str| eprintln!("  {path}");
    let bytes = program::write(&chosen, &args.out, told).map_err(failed)?;
    let names: Vec<&str> = chosen.iter().map(Pack::name).collect();
    print(&format!(
        "{}: {:.1} MiB with {}",
        args.out.display(),
        bytes as f64 / 1048576.0,
        names.join(", ")
    ))
}

/// Runs `vocabox models extract`.
pub fn extract(args: &ExtractArgs, models_dir: &Path) -> Result<(), CliError> {
    let within = program::packs().map_err(failed)?;
    if within.is_empty() {
        return Err(CliError::Usage("this program holds no packs".to_owned()));
    }
    let chosen = chosen(&args.names, within.iter())?;
    for pack in chosen {
        let folder = pack.extract(args.into.as_deref().unwrap_or(models_dir));
        print(&folder.map_err(failed)?.display().to_string())?;
    }
    Ok(())
}

/// The packs of `names`, or all. Errors: a name that none of them has.
fn chosen<'a>(
    names: &[String],
    packs: impl Iterator<Item = &'a Pack>,
) -> Result<Vec<Pack>, CliError> {
    let packs: Vec<Pack> = packs.cloned().collect();
    if names.is_empty() {
        return Ok(packs);
    }
    let of = |name: &String| match packs.iter().find(|pack| pack.name() == name) {
        Some(pack) => Ok(pack.clone()),
        None => Err(CliError::Usage(format!(
            "there is no pack {name} for this; there are: {}",
            packs.iter().map(Pack::name).collect::<Vec<_>>().join(", ")
        ))),
    };
    names.iter().map(of).collect()
}

fn failed(error: PackError) -> CliError {
    CliError::Failed(error.to_string())
}
