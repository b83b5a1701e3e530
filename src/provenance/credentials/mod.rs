//! The key, manifests and checking them, by the library c2pa. Nothing here opens a connection: its features that do are off, its hosts
//! are none, and there is no time stamp.
//!
//! | file | one idea |
//! | --- | --- |
//! | `certificates` | a new key, its certificate and that of its issuer |
//! | `pem` | the parts of a PEM |
//! | `reading` | what a manifest says, and whether it holds |

mod certificates;
mod pem;
mod reading;

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use c2pa::assertions::DataHash;
use c2pa::{
    BoxedSigner, Builder, ClaimGeneratorInfo, Context, HashRange, Signer, SigningAlg, create_signer,
};
use serde_json::json;
use vocabox_audio::mark::SyntheticMark;
use vocabox_base::fault::Fault;
use vocabox_base::secret::read_secret;

use crate::SignatureBinding;

pub use certificates::create_key;
pub use reading::check;

/// The kinds of keys that sign. RSA is not among them: the library's RSA can leak a private key by its timing (RUSTSEC-2023-0071).
const ALGORITHMS: [SigningAlg; 3] = [SigningAlg::Es256, SigningAlg::Es384, SigningAlg::Ed25519];

/// The type of a manifest by itself, for which the library adds nothing around it.
const BARE: &str = "application/c2pa";
/// A guess of a manifest's bytes: its number has as many bytes as that of all manifests from 256 to 65 535 bytes.
const ROOM_GUESS: u64 = 4_096;
/// A place in a file whose number has as many bytes as those from 64 KiB to 4 GiB.
const PLACE_GUESS: u64 = 1 << 24;
/// Bytes of the longest file of a key: a chain of certificates has some ten thousand.
const KEY_FILE_BYTES_MAX: u64 = 1 << 16;
/// Bytes of a signature beside its certificates, as the library reckons.
const SIGNATURE_ROOM: usize = 1_024;
/// Bytes of SHA-256.
const HASH_BYTES: usize = 32;

/// Whether this build signs.
pub fn is_built() -> bool {
    true
}

/// A private key and its certificates.
pub struct Credential {
    context: Arc<Context>,
    organization: String,
}

impl Credential {
    /// Reads a PEM. Faults: `Missing`, with what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let refused = |why: String| Fault::missing(format!("option c2pa_key: {why}"));
        let text = read_secret(path, KEY_FILE_BYTES_MAX).map_err(refused)?;
        let (keys, certificates) = (
            pem::blocks(&text, "PRIVATE KEY"),
            pem::blocks(&text, "CERTIFICATE"),
        );
        let [key] = keys.as_slice() else {
            return Err(refused(format!(
                "{} has {} blocks BEGIN PRIVATE KEY (PKCS #8, not encrypted); one is needed",
                path.display(),
                keys.len()
            )));
        };
        let Some(first) = certificates.first() else {
            return Err(refused(format!(
                "{} has no block BEGIN CERTIFICATE",
                path.display()
            )));
        };
        let organization = certificates::organization(first)
            .map_err(|e| refused(format!("the first certificate cannot be read: {e}")))?;
        let chain = certificates.concat();
        let signer = ALGORITHMS.iter().find_map(|algorithm| {
            let (chain, key) = (chain.as_bytes(), key.as_bytes());
            create_signer::from_keys(chain, key, *algorithm, None).ok()
        });
        let signer = signer.ok_or_else(|| {
            refused(format!(
                "{} has no key of P-256, P-384 or Ed25519 with its certificates",
                path.display()
            ))
        })?;
        let context = offline(None)?.with_signer(UnstampedSigner(signer));
        Ok(Credential {
            context: Arc::new(context),
            organization,
        })
    }

    /// The organization of the first certificate.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// A manifest with this mark, not yet signed. Faults: `Internal` when the library makes none.
    pub fn manifest(
        &self,
        mark: SyntheticMark,
        binding: SignatureBinding,
    ) -> Result<ContentManifest, Fault> {
        let (file_type, room_type) = match binding {
            SignatureBinding::Bytes(file_type) => (file_type, BARE),
            SignatureBinding::Boxes(file_type) => (file_type, file_type),
        };
        let make = || {
            let mut builder = Builder::from_shared_context(&self.context);
            let mut program = ClaimGeneratorInfo::new("vocabox");
            program.set_version(env!("CARGO_PKG_VERSION"));
            builder.set_claim_generator_info(program);
            builder.set_format(file_type);
            builder.add_action(json!({
                "action": "c2pa.created",
                "digitalSourceType": mark.source_type(),
            }))?;
            if let SignatureBinding::Bytes(_) = binding {
                // As long as the one that takes its place, so that the manifest fills its room.
                let mut hash = DataHash::new("jumbf manifest", "sha256");
                hash.add_exclusion(HashRange::new(PLACE_GUESS, ROOM_GUESS));
                hash.set_hash(vec![0; HASH_BYTES]);
                builder.add_assertion(DataHash::LABEL, &hash)?;
            }
            let room = builder.placeholder(room_type)?;
            Ok(ContentManifest {
                builder,
                room,
                room_type,
            })
        };
        make().map_err(unsigned)
    }
}

/// The library's signer, without its room of 10 000 bytes for a time stamp, which nothing asks for.
struct UnstampedSigner(BoxedSigner);

impl Signer for UnstampedSigner {
    fn sign(&self, data: &[u8]) -> c2pa::Result<Vec<u8>> {
        self.0.sign(data)
    }

    fn alg(&self) -> SigningAlg {
        self.0.alg()
    }

    fn certs(&self) -> c2pa::Result<Vec<Vec<u8>>> {
        self.0.certs()
    }

    fn reserve_size(&self) -> usize {
        let certificates = self.certs().unwrap_or_default();
        certificates.iter().map(Vec::len).sum::<usize>() + SIGNATURE_ROOM
    }
}

/// A manifest that is to be signed.
pub struct ContentManifest {
    builder: Builder,
    room: Vec<u8>,
    room_type: &'static str,
}

impl ContentManifest {
    /// Bytes that the file has where the manifest will be.
    pub fn room(&self) -> &[u8] {
        &self.room
    }

    /// Hashes `file`, which is whole and has the room at `at` after a head of `head` bytes, and puts the signed manifest there. Faults:
    /// `Internal` when that fails, and those of [`Fault::disk`].
    pub fn sign(
        mut self,
        file: &mut (impl Read + Write + Seek + Send),
        at: u64,
        head: u64,
    ) -> Result<(), Fault> {
        let room = self.room.len();
        let mut sign = || {
            if self.room_type == BARE {
                let place = HashRange::new(at - head, head + room as u64);
                self.builder.set_data_hash_exclusions(vec![place])?;
            }
            file.rewind()?;
            self.builder.update_hash_from_stream(self.room_type, file)?;
            self.builder.sign_embeddable(self.room_type)
        };
        let signed = sign().map_err(unsigned)?;
        if signed.len() != room {
            return Err(Fault::internal(format!(
                "a manifest has {} bytes, and room for {room}",
                signed.len()
            )));
        }
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.write_all(&signed))
            .map_err(Fault::disk)
    }
}

fn unsigned(error: c2pa::Error) -> Fault {
    Fault::internal(format!("a file cannot be signed: {error}"))
}

/// Settings under which nothing is fetched, and those in the PEM `trust` are trusted. Faults: `Invalid` for a `trust` without a certificate.
fn offline(trust: Option<&str>) -> Result<Context, Fault> {
    let mut settings = json!({
        "core": { "allowed_network_hosts": [], "decode_identity_assertions": false },
        "verify": { "ocsp_fetch": false, "remote_manifest_fetch": false },
        "builder": { "thumbnail": { "enabled": false } },
    });
    if let Some(trust) = trust {
        settings["trust"] = json!({ "user_anchors": trust });
    }
    let context = Context::new().with_settings(settings.to_string().as_str());
    context
        .map_err(|e| Fault::invalid("The file of trusted issuers has no certificate.").because(e))
}
