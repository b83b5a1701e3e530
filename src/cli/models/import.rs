//! `vocabox models import`: model files that others published → a pack.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::super::CliError;
use super::super::logging::say;
use super::super::output::{print, table};
use super::kind_name;
use crate::app;
use crate::config::{Common, Flags, ModelSettings};
use crate::end;
use crate::engine::graph::loader::GraphLoader;
use crate::fault::Fault;
use crate::import::{
    Abandon, ImportError, ImportPlan, ImportRequest, PlannedContent, Staging, Trial, TrialSound,
    clear_abandoned, plan,
};
use crate::pack::Pack;
use crate::pack::defaults::PackDefaults;
use crate::pack::manifest::PackKind;

/// Exit code after Ctrl-C, as of a process that the signal ended.
const INTERRUPTED: i32 = 130;
/// Voices that the result names.
const NAMED_MAX: usize = 8;

/// Import a model that others published: a folder or file of it becomes a pack.
///
/// What it is, is told by the inputs and outputs of its graphs: Whisper, Kokoro, Piper and MMS-TTS voices, NLLB, M2M100 and OPUS-MT,
/// Silero, speaker encoders, pyannote segmentation; `vocabox docs import` lists the layouts. It is copied, hashed, and tried: it
/// speaks, hears or translates a sentence. Only then is it a pack. What the files do not tell is asked for by the name of an option.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    vocabox models import /media/stick/whisper-small --licence MIT\n  \
    vocabox models import /media/stick/whisper-base --variant int8 --name whisper-base-int8\n  \
    vocabox models import en_US-amy-medium.onnx --licence MIT --gender female\n  \
    vocabox models import mms-tts-yor --licence CC-BY-NC-4.0 --language yo\n  \
    vocabox models import opus-mt-en-fr --licence CC-BY-4.0 --from en --to fr\n  \
    vocabox models import /srv/models/nllb-200 --link --from en,fr --to yo,ha,sw\n  \
    vocabox models import /media/stick/whisper-small --dry-run")]
pub struct ModelImportArgs {
    /// Folder of the model, or its only graph
    #[arg(value_name = "FOLDER|FILE")]
    path: PathBuf,
    /// Name of the pack [default: made of the folder's or file's name]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Title, for display [default: the folder's or file's name]
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Licence of the weights, as an SPDX identifier [default: that of the folder's README.md]
    #[arg(long, value_name = "LICENCE", alias = "license")]
    licence: Option<String>,
    /// Who made the weights, and where they are from
    #[arg(long, value_name = "TEXT")]
    origin: Option<String>,
    /// Language of a voice, or languages that a transcriber hears
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    language: Vec<String>,
    /// Languages that a translator translates from
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    from: Vec<String>,
    /// Languages that a translator translates to
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    to: Vec<String>,
    /// Gender of a voice, for display
    #[arg(long, value_name = "TEXT")]
    gender: Option<String>,
    /// Variant of the graphs, such as fp16 or int8 [default: the plain one]
    #[arg(long, value_name = "VARIANT")]
    variant: Option<String>,
    /// The config.json or tokenizer.json of a Kokoro that comes without one
    #[arg(long, value_name = "FILE")]
    vocabulary: Option<PathBuf>,
    /// Have a transcriber take over the languages of --language alone, beside the general one
    #[arg(long)]
    specialist: bool,
    /// Copy the files (the default)
    #[arg(long, conflicts_with = "link")]
    copy: bool,
    /// Link the files: they must stay where they are
    #[arg(long)]
    link: bool,
    /// Replace an imported pack of the same name
    #[arg(long)]
    replace: bool,
    /// Show what would be imported, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Recording that the model hears in its trial, in place of a sentence in English
    #[arg(long, value_name = "FILE")]
    sample: Option<PathBuf>,
    #[command(flatten)]
    models: Flags<ModelSettings>,
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Asked(_) | ImportError::Refused(_) => CliError::Usage(error.to_string()),
            _ => CliError::Failed(error.to_string()),
        }
    }
}

/// Imports the model beside `packs`.
pub fn run(args: &ModelImportArgs, common: &Common, packs: &[Pack]) -> Result<(), CliError> {
    let models_dir = &common.settings.models_dir;
    let plan = planned(args, packs)?;
    for note in &plan.notes {
        say(note);
    }
    say(&format!(
        "{}: engine {}, files: {}, {:.1} MiB",
        plan.manifest.name,
        plan.manifest.engine,
        plan.files.len(),
        bytes(&plan) as f64 / f64::from(1 << 20)
    ));
    if args.dry_run {
        return print(&described(&plan));
    }
    clear_abandoned(models_dir);
    let sound = TrialSound::open(args.sample.as_deref())?;
    let staging = Staging::begin(models_dir, &plan.manifest.name, args.replace)?;
    at_signal(staging.abandon())?;
    let bar = bar(bytes(&plan));
    let staged = staging.fill(plan, args.link, &mut |bytes| bar.inc(bytes))?;
    bar.finish_and_clear();
    say("trying whether it runs");
    let graphs = graphs(args, common, packs)?;
    let defaults = PackDefaults::read(models_dir).map_err(|e| CliError::Usage(e.to_string()))?;
    let chosen = |kind| {
        app::choose(packs, kind, defaults.of(kind))
            .ok()
            .flatten()
            .filter(Pack::is_fetched)
    };
    let (detector, hearer) = (chosen(PackKind::Detect), chosen(PackKind::Transcribe));
    let trial = Trial::run(
        &staged.pack,
        &graphs,
        &sound,
        detector.as_ref(),
        hearer.as_ref(),
    )?;
    let pack = staged.publish(args.replace)?;
    let packs = Pack::all(models_dir).map_err(|e| CliError::Usage(e.to_string()))?;
    print(&format!(
        "Imported {}: {}.\n{}",
        pack.name(),
        trial.told,
        effect(&pack, &packs, &defaults)
    ))
}

fn planned(args: &ModelImportArgs, packs: &[Pack]) -> Result<ImportPlan, CliError> {
    let request = ImportRequest {
        path: args.path.clone(),
        name: args.name.clone(),
        title: args.title.clone(),
        licence: args.licence.clone(),
        origin: args.origin.clone(),
        languages: args.language.clone(),
        from: args.from.clone(),
        to: args.to.clone(),
        gender: args.gender.clone(),
        variant: args.variant.clone(),
        vocabulary: args.vocabulary.clone(),
        specialist: args.specialist,
    };
    let mut kokoros = packs.iter().filter(|p| p.manifest.engine == "kokoro");
    let vocabulary =
        kokoros.find_map(|pack| pack.path(pack.file("vocabulary", None).ok()?).read().ok());
    Ok(plan(&request, vocabulary.as_deref())?)
}

/// ONNX Runtime, which runs what is imported.
fn graphs(
    args: &ModelImportArgs,
    common: &Common,
    packs: &[Pack],
) -> Result<GraphLoader, CliError> {
    let options = common.models(&args.models).map_err(CliError::Usage)?;
    let ort = app::find_ort(&options, packs).and_then(|probed| app::start_ort(&options, &probed));
    let ort = ort.map_err(|fault: Fault| CliError::Usage(fault.to_string()))?;
    Ok(GraphLoader {
        ort: Some(ort),
        idle: None,
    })
}

/// Has a signal remove what was made so far, and end the process.
fn at_signal(abandon: Abandon) -> Result<(), CliError> {
    ctrlc::set_handler(move || {
        // A pack that has its name is whole: the rest is only said.
        if abandon.now() {
            say(&format!("vocabox: {}", ImportError::Interrupted));
            end::at_once(INTERRUPTED);
        }
    })
    .map_err(|e| CliError::Failed(format!("signals cannot be received: {e}")))
}

fn bytes(plan: &ImportPlan) -> u64 {
    plan.files.iter().map(|f| f.content.size()).sum()
}

/// A progress bar of bytes, drawn only on a terminal.
fn bar(bytes: u64) -> ProgressBar {
    const TEMPLATE: &str = "copying {wide_bar} {bytes} of {total_bytes} (about {eta} left)";
    let style = ProgressStyle::with_template(TEMPLATE);
    ProgressBar::new(bytes).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// What a dry run shows.
fn described(plan: &ImportPlan) -> String {
    let manifest = &plan.manifest;
    let mut lines = vec![
        format!("name       {}", manifest.name),
        format!("kind       {}", kind_name(manifest.kind)),
        format!("engine     {}", manifest.engine),
        format!("licence    {}", manifest.licence),
        format!("languages  {}", manifest.languages.join(", ")),
    ];
    if !manifest.voices.is_empty() {
        let ids: Vec<&str> = manifest.voices.iter().map(|v| v.id.as_str()).collect();
        lines.push(format!("voices     {}", listed(&ids)));
    }
    if let Some(translate) = &manifest.translate {
        let (from, to) = (translate.from.join(", "), translate.to.join(", "));
        lines.push(format!("translates from {from} to {to}"));
    }
    lines.push(String::new());
    let rows = plan.files.iter().filter(|f| f.role != "voice").map(|file| {
        let from = match &file.content {
            PlannedContent::File(path, _) => path.display().to_string(),
            PlannedContent::Bytes(_) => "made".to_owned(),
        };
        let mib = file.content.size() as f64 / f64::from(1 << 20);
        [
            file.role.clone(),
            file.path.clone(),
            format!("{mib:.1}"),
            from,
        ]
    });
    lines.push(table(["ROLE", "PATH", "MIB", "FROM"], rows));
    lines.join("\n")
}

/// Some of these, and how many more there are.
fn listed(ids: &[&str]) -> String {
    let shown = ids.len().min(NAMED_MAX);
    let more = match ids.len() - shown {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", ids[..shown].join(", "))
}

/// What servers and commands do with a pack from now on.
fn effect(pack: &Pack, packs: &[Pack], defaults: &PackDefaults) -> String {
    let name = pack.name();
    let kind = pack.kind();
    match kind {
        PackKind::Speak => {
            let speakers = app::speakers(packs, defaults);
            let owner = |id: &str| {
                let has = |p: &&Pack| p.manifest.voices.iter().any(|v| v.id == id);
                speakers.iter().find(has).map(Pack::name)
            };
            let ids = pack.manifest.voices.iter().map(|v| v.id.as_str());
            let (own, others): (Vec<&str>, Vec<&str>) = ids.partition(|id| owner(id) == Some(name));
            let speaks = match own.first() {
                Some(first) => format!(
                    "From its next start, a server speaks with {}. Now: vocabox speak \"…\" --voice {first}",
                    listed(&own)
                ),
                None => "No voice of it is spoken.".to_owned(),
            };
            match others.first().and_then(|id| owner(id)) {
                None => speaks,
                Some(other) => format!(
                    "{speaks}\nOther packs go first for its voices {}, such as {other}: `vocabox models default {name}` has this \
                     one speak them.",
                    listed(&others)
                ),
            }
        }
        PackKind::Translate => {
            let codes = pack.manifest.translate.iter();
            let pairs: Vec<String> = codes
                .map(|t| {
                    format!(
                        "from {} into {}",
                        listed(&strs(&t.from)),
                        listed(&strs(&t.to))
                    )
                })
                .collect();
            format!(
                "From its next start, a server translates {} when it dubs; of several packs for a pair, the first by name \
                 does, or that of `vocabox models default {name}`.",
                pairs.join("; ")
            )
        }
        PackKind::Transcribe if pack.manifest.engine != crate::services::transcription::GENERAL => {
            format!(
                "From its next start, a server transcribes {} with it, and other languages with the general pack.",
                pack.manifest.languages.join(", ")
            )
        }
        _ => {
            let does = match kind {
                PackKind::Transcribe => "transcribes",
                PackKind::Detect => "finds speech",
                PackKind::Embed => "tells speakers apart",
                PackKind::Compare => "compares voices for cloning",
                PackKind::Segment => "separates speakers",
                _ => "works",
            };
            let used = app::choose(packs, kind, defaults.of(kind)).ok().flatten();
            let others = packs.iter().filter(|p| p.name() != name);
            let others: Vec<Pack> = others.cloned().collect();
            let before = app::choose(&others, kind, None).ok().flatten();
            match (used.as_ref().map(Pack::name), before) {
                (Some(used), _) if used != name => format!(
                    "A server {does} with {used}, which goes first: `vocabox models default {name}` has it take this one."
                ),
                (_, Some(before)) => format!(
                    "From its next start, a server {does} with it in place of {0}: `vocabox models default {0}` keeps that one.",
                    before.name()
                ),
                (_, None) => format!("From its next start, a server {does} with it."),
            }
        }
    }
}

fn strs(codes: &[String]) -> Vec<&str> {
    codes.iter().map(String::as_str).collect()
}
