//! `vocabox c2pa`: makes the key that signs sound, and opens it for the commands that do.

use std::path::PathBuf;

use clap::Subcommand;

use super::CliError;
use super::output::print;
use crate::config::Common;
use crate::fault::Kind;
use crate::provenance::{ContentSigner, KEY_DAYS, KEY_FILE, TRUST_FILE, create_key};

/// Make the key that signs the sound that this program makes, as C2PA wants it.
#[derive(Debug, clap::Args)]
pub struct C2paArgs {
    #[command(subcommand)]
    command: C2paCommand,
}

#[derive(Debug, Subcommand)]
enum C2paCommand {
    /// Make a private key with its certificate for --c2pa-key, and the certificate of its issuer for those who check.
    Create {
        /// Folder of the new files; those that are there are not overwritten.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// Name of the organization whose sound it signs, which everyone who checks a file reads; at most 64 characters.
        #[arg(long, value_name = "NAME")]
        organization: String,
    },
}

/// Runs the command.
pub fn run(args: C2paArgs) -> Result<(), CliError> {
    let C2paCommand::Create {
        folder,
        organization,
    } = args.command;
    create_key(&folder, &organization).map_err(|fault| match fault.kind {
        Kind::Invalid | Kind::Missing => CliError::usage(fault),
        _ => CliError::failed(fault),
    })?;
    print(&format!(
        "{}: the private key and its certificate, for --c2pa-key; they hold for {} years\n\
         {}: the certificate of its issuer, for those who check (vocabox inspect --trust)",
        folder.join(KEY_FILE).display(),
        KEY_DAYS / 365,
        folder.join(TRUST_FILE).display()
    ))
}

/// What signs marked sound, where the options name a key. Errors: a file that does not sign, and a build that cannot.
pub fn open_signer(common: &Common) -> Result<Option<ContentSigner>, CliError> {
    let path = common.settings.c2pa_key.as_deref();
    let signer = path.map(ContentSigner::open).transpose();
    signer.map_err(CliError::usage)
}
