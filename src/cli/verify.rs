//! `vocabox verify`: whether a file is the one that was signed, offline.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};
use sha2::{Digest, Sha256};

use super::CliError;
use super::output::print;

/// The public key that this program was built with, as `scripts/package --public-key` gives it.
const BUILT_IN: Option<&str> = option_env!("VOCABOX_PUBLIC_KEY");

/// Signatures and keys have some 300 bytes, lists of hashes some thousands.
const SMALL_MAX: u64 = 1 << 20;

/// Check a file's signature, and the files that it lists.
///
/// The signature is one of minisign, in FILE.minisig. If the file is a list of hashes (SHA256SUMS), each file that it lists is
/// checked, too. Nothing is fetched. The exit code is 0 only if everything is right.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  vocabox verify SHA256SUMS
  vocabox verify --public-key vendor.pub whisper-large.tar")]
pub struct VerifyArgs {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file with the signature, if it is not FILE.minisig.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// The file with the public key (as minisign writes it), instead of the one that this program was built with.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Result<(), CliError> {
    let key = public_key(args.public_key.as_deref())?;
    let signature = match &args.signature {
        Some(path) => path.clone(),
        None => {
            let mut name = args.file.clone().into_os_string();
            name.push(".minisig");
            PathBuf::from(name)
        }
    };
    let text = small(&signature)?;
    let signature = Signature::decode(&text).map_err(|e| {
        CliError::Usage(format!(
            "{}: no signature of minisign: {e}",
            signature.display()
        ))
    })?;
    check(&key, &signature, &args.file)?;
    print(&format!(
        "{}: signed ({})",
        args.file.display(),
        signature.trusted_comment()
    ))?;
    match args
        .file
        .file_name()
        .is_some_and(|name| name == "SHA256SUMS")
    {
        true => check_listed(&args.file),
        false => Ok(()),
    }
}

fn public_key(file: Option<&Path>) -> Result<PublicKey, CliError> {
    let text = match (file, BUILT_IN) {
        (Some(file), _) => small(file)?,
        (None, Some(text)) => text.to_owned(),
        (None, None) => {
            return Err(CliError::Usage(
                "this program was built without a public key: name one by --public-key FILE"
                    .to_owned(),
            ));
        }
    };
    // The file has a comment before the key; the key alone is good, too.
    let key = PublicKey::decode(&text).or_else(|_| PublicKey::from_base64(text.trim()));
    key.map_err(|e| CliError::Usage(format!("the public key is none of minisign: {e}")))
}

fn small(path: &Path) -> Result<String, CliError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(SMALL_MAX).read_to_string(&mut text));
    read.map_err(|e| CliError::Usage(format!("{}: {e}", path.display())))?;
    Ok(text)
}

/// Checks the signature while the file is read: it may be larger than the memory.
fn check(key: &PublicKey, signature: &Signature, path: &Path) -> Result<(), CliError> {
    let wrong = |why: String| CliError::Failed(format!("{}: {why}", path.display()));
    let mut verifier = key
        .verify_stream(signature)
        .map_err(|e| wrong(format!("the signature is of another key or kind: {e}")))?;
    let file = File::open(path).map_err(|e| wrong(e.to_string()))?;
    each_block(file, |block| verifier.update(block)).map_err(|e| wrong(e.to_string()))?;
    verifier.finalize().map_err(|_| {
        wrong(
            "is not the file that was signed: it was changed, or the signature is another one's"
                .to_owned(),
        )
    })
}

/// Checks the files of a list of `sha256sum`, which lie beside it.
fn check_listed(list: &Path) -> Result<(), CliError> {
    let beside = list.parent().unwrap_or(Path::new(""));
    let mut wrong = 0;
    for line in small(list)?.lines() {
        let Some((expected, name)) = line.split_once("  ") else {
            return Err(CliError::Failed(format!(
                "{}: {line:?} lists no file",
                list.display()
            )));
        };
        let found = match sha256(&beside.join(name)) {
            Ok(found) if found == expected => "ok".to_owned(),
            Ok(_) => "WRONG: it is not the listed file".to_owned(),
            Err(e) => format!("WRONG: {e}"),
        };
        wrong += usize::from(found != "ok");
        print(&format!("{name}: {found}"))?;
    }
    match wrong {
        0 => Ok(()),
        wrong => Err(CliError::Failed(format!(
            "{wrong} of the listed files are wrong"
        ))),
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    each_block(File::open(path)?, |block| hasher.update(block))?;
    let hash = hasher.finalize();
    Ok(hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn each_block(file: File, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut file = BufReader::with_capacity(1 << 20, file);
    loop {
        let block = file.fill_buf()?;
        if block.is_empty() {
            return Ok(());
        }
        take(block);
        let taken = block.len();
        file.consume(taken);
    }
}
