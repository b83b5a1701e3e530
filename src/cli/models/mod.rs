//! `vocabox models`: lists the packs and verifies their files, in the models folder and within the program; imports, removes and
//! chooses them.

mod default;
mod import;
mod remove;

use clap::Subcommand;
use serde_json::{Value, json};

use super::CliError;
use super::embed::{self, EmbedArgs, ExtractArgs};
use super::output::print;
use crate::config::Common;
use crate::engine::graph::loader::{bytes_in_use, variant_in_use};
use crate::pack::Pack;
use crate::pack::manifest::PackKind;

/// List, verify, import, choose and remove the model packs, and make one file of the program and its packs.
#[derive(Debug, clap::Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// List the packs, and whether each is fetched.
    List {
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Hash every file of the fetched packs and compare with the manifests.
    Verify,
    /// Print a pack's manifest as JSON.
    Show {
        #[arg(value_name = "PACK")]
        name: String,
    },
    Import(Box<import::ModelImportArgs>),
    Default(default::DefaultArgs),
    Remove(remove::RemoveArgs),
    Embed(EmbedArgs),
    Extract(ExtractArgs),
}

/// Runs the command on the packs of the models folder.
pub fn run(args: ModelsArgs, common: &Common) -> Result<(), CliError> {
    let models_dir = &common.settings.models_dir;
    let packs = Pack::all(models_dir).map_err(|e| CliError::Usage(e.to_string()))?;
    match args.command {
        ModelsCommand::Import(args) => import::run(&args, common, &packs),
        ModelsCommand::Default(args) => default::run(&args, models_dir, &packs),
        ModelsCommand::Remove(args) => remove::run(&args, common, &packs),
        ModelsCommand::List { json: true } => {
            let rows: Vec<Value> = packs.iter().map(row).collect();
            print(&format!("{:#}", Value::from(rows)))
        }
        ModelsCommand::List { json: false } => {
            print(&format!(
                "{:21} {:11} {:8} {:>8}  LICENCE",
                "PACK", "KIND", "FETCHED", "MIB"
            ))?;
            for pack in &packs {
                let fetched = match (pack.is_within_program(), pack.is_fetched()) {
                    (true, _) => "embedded",
                    (false, true) => "yes",
                    (false, false) => "no",
                };
                let kind = kind_name(pack.kind());
                let licence = &pack.manifest.licence;
                print(&format!(
                    "{:21} {kind:11} {fetched:8} {:>8.1}  {licence}",
                    pack.name(),
                    bytes_in_use(pack) as f64 / 1048576.0
                ))?;
            }
            Ok(())
        }
        ModelsCommand::Verify => verify(&packs),
        ModelsCommand::Show { name } => {
            let shown = serde_json::to_string_pretty(&named(&packs, &name)?.manifest);
            print(&shown.map_err(|e| CliError::Failed(e.to_string()))?)
        }
        ModelsCommand::Embed(args) => embed::embed(&args, &packs),
        ModelsCommand::Extract(args) => embed::extract(&args, models_dir),
    }
}

/// The pack of this name.
fn named<'a>(packs: &'a [Pack], name: &str) -> Result<&'a Pack, CliError> {
    let pack = packs.iter().find(|p| p.name() == name);
    pack.ok_or_else(|| CliError::Usage(format!("there is no pack {name}")))
}

/// The name of what packs of this kind do, as a manifest writes it.
fn kind_name(kind: PackKind) -> String {
    format!("{kind:?}").to_lowercase()
}

fn row(pack: &Pack) -> Value {
    let manifest = &pack.manifest;
    json!({
        "name": manifest.name, "kind": manifest.kind, "engine": manifest.engine, "title": manifest.title,
        "fetched": pack.is_fetched(), "embedded": pack.is_within_program(), "bytes": bytes_in_use(pack),
        "licence": manifest.licence,
    })
}

fn verify(packs: &[Pack]) -> Result<(), CliError> {
    let mut wrong = 0;
    // Without a reader, the rest is verified all the same: the exit code tells.
    let mut shown = Ok(());
    for pack in packs {
        let said = match pack.is_fetched() {
            false => "not fetched".to_owned(),
            true => match pack.verify(variant_in_use(pack).as_deref(), true) {
                Ok(()) => "ok".to_owned(),
                Err(e) => {
                    wrong += 1;
                    format!("WRONG: {e}")
                }
            },
        };
        if shown.is_ok() {
            shown = print(&format!("{:21} {said}", pack.name()));
        }
    }
    match wrong {
        0 => shown,
        n => Err(CliError::Failed(format!(
            "{n} of {} packs are wrong",
            packs.len()
        ))),
    }
}
