//! `vocabox doctor`: looks at the machine, the models, the data folder and the network, and says what to do.
//!
//! | file | one idea |
//! | --- | --- |
//! | `finding` | what was found, and how it is shown |
//! | `processor` | which features of the processor the models can use |
//! | `machine` | memory, disk, open files, clock |
//! | `packs` | ONNX Runtime, the device, the files of the packs |
//! | `data` | who may enter the data folder, and its store |
//! | `network` | the address, and what is exposed |
//! | `talk` | a sentence is spoken and heard |
//! | `bundle` | all of it in a file, for support |
//! | `gzip` | the compression of that file |

mod bundle;
mod data;
mod finding;
mod gzip;
mod machine;
mod network;
mod packs;
mod processor;
mod talk;

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use serde_json::json;

use self::bundle::SupportBundle;
use self::finding::Findings;
use super::CliError;
use super::output::print;
use crate::app::check_address_space;
use crate::config::{Common, OptionsInForce, ServeFlags};

/// Look at the machine, the models, the data folder and the network, and say what to do.
///
/// The options, variables and file are those of `serve`, so that what is looked at is what a server would use; it may run
/// meanwhile. Exit code 0: all is well; 1: there are warnings; 2: something does not work.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Print one JSON object.
    #[arg(long, env = "VOCABOX_JSON", value_parser = FalseyValueParser::new())]
    json: bool,
    /// Also write what was found into FILE (tar.gz), for support: settings, counts, log and metrics, without keys, names and texts.
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// With --bundle: the file that the server's log is written to; by default it is asked of the journal.
    #[arg(long, value_name = "FILE", requires = "bundle")]
    log_file: Option<PathBuf>,
    /// Leave out the self-test, which loads the models.
    #[arg(long)]
    skip_self_test: bool,
    #[command(flatten)]
    flags: ServeFlags,
}

/// Looks at everything and prints what was found.
pub fn run(args: &DoctorArgs, common: &Common) -> Result<(), CliError> {
    let options = common.serve(&args.flags).map_err(CliError::Usage)?;
    let mut findings = Findings::default();
    processor::look(&mut findings, options.models.cores);
    let packs = packs::look(&mut findings, &options.models);
    machine::memory(&mut findings, packs.memory_need);
    let may = rustix::process::getrlimit(rustix::process::Resource::As).current;
    if let Err(fault) = check_address_space(options.server.store_bytes, may) {
        findings.fail("address space", fault.to_string(), "raise `ulimit -v`");
    }
    machine::disk(&mut findings, &options.data_dir, &options);
    machine::open_files(&mut findings, &options);
    machine::clock(&mut findings);
    let data = data::look(&mut findings, &options.data_dir);
    let address = network::port(&mut findings, &options, &data);
    let keys = data.store.as_ref().map(|store| store.keys(None));
    let keys = keys.and_then(Result::ok).unwrap_or_default();
    network::exposure(&mut findings, &options, &keys);
    let factors = match args.skip_self_test || !packs.are_usable {
        true => talk::TalkFactors::default(),
        false => talk::test(&mut findings, &options.models, packs.memory_need),
    };
    let worst = findings.worst();
    let told = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "worst": worst,
        "real_time_factors": factors,
        "findings": findings.all(),
    });
    if let Some(path) = &args.bundle {
        let bundle = SupportBundle {
            findings: &findings,
            told: &told,
            options: &OptionsInForce::resolve(common, &args.flags).map_err(CliError::Usage)?,
            packs: &packs,
            data: &data,
            address,
            log_file: args.log_file.as_deref(),
        };
        bundle.write(path)?;
    }
    print(&match args.json {
        true => told.to_string(),
        false => findings.table(),
    })?;
    match worst.exit_code() {
        0 => Ok(()),
        code => Err(CliError::Told(code)),
    }
}
