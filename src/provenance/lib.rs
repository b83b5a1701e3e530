//! Content credentials: a manifest within a file says who made it, that a machine made its sound, and what its bytes were, signed
//! with the operator's key (<https://spec.c2pa.org>).
//!
//! Owns the key, the manifests and where they are in each format; only `credentials` names the library. Without the feature `c2pa`,
//! [`ContentSigner::open`] and [`create_key`] refuse, and [`check`] says that it cannot.
//!
//! | format | where the manifest is |
//! | --- | --- |
//! | WAV | a chunk `C2PA` at the end |
//! | MP3 | an object (`GEOB`) in the ID3v2 tag |
//! | MP4 | a box `uuid` before the box `moov` |
//!
//! A file is signed where it is: room is left for the manifest, the file's other bytes are hashed from the disk, block by block,
//! and the manifest is put into the room. So a film of any length takes no more memory and no second copy.
//!
//! | file | one idea |
//! | --- | --- |
//! | `credentials` | the key, its certificate, manifests, and checking them |
//! | `absent` | what takes its place in a build without the feature |
//! | `presence` | whether a file has a manifest at all |

#[cfg_attr(not(feature = "c2pa"), path = "absent.rs")]
mod credentials;
mod presence;
#[cfg(all(test, feature = "c2pa"))]
mod tests;

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;
use vocabox_audio::encode::{Format, add_id3_object, append_wav_chunk};
use vocabox_audio::mark::SyntheticMark;
use vocabox_base::fault::Fault;

use credentials::{ContentManifest, Credential};

pub use credentials::{create_key, is_built};
pub use presence::has_manifest;

/// Characters of the longest name of an organization (X.520: `ub-organization-name`).
pub const ORGANIZATION_CHARS_MAX: usize = 64;
/// Days for which the certificates of a new key hold: without a time stamp of someone else, what was signed counts as signed now, and
/// is not valid once they are over.
pub const KEY_DAYS: u64 = 3650;
/// Names of the files of a new key: the key with its certificate, and the certificate of its issuer, for those who check.
pub const KEY_FILE: &str = "signer.pem";
pub const TRUST_FILE: &str = "trust.pem";

/// The chunk of a WAV file that holds a manifest, and the bytes of its head.
const WAV_CHUNK: [u8; 4] = *b"C2PA";
const CHUNK_HEAD_BYTES: u64 = 8;
/// The type, name and description of the object in an MP3 file that holds a manifest.
const MP3_OBJECT: (&str, &str, &str) = ("application/c2pa", "c2pa", "c2pa manifest store");

/// What a signature binds in a file of a type: all bytes but the manifest, or all boxes but its own.
#[cfg_attr(
    not(feature = "c2pa"),
    expect(dead_code, reason = "nothing reads what would be signed")
)]
enum SignatureBinding {
    Bytes(&'static str),
    Boxes(&'static str),
}

/// Signs files as this server's. It takes no clients' words: manifests name the program, the kind of sound and the signer only.
pub struct ContentSigner(Credential);

impl ContentSigner {
    /// Reads the file of a key: a private key and its certificate, as PEM. Faults: `Missing`, with what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let signer = ContentSigner(Credential::open(path)?);
        signer.try_out()?;
        Ok(signer)
    }

    /// The organization of the certificate.
    pub fn organization(&self) -> &str {
        self.0.organization()
    }

    /// Whether files of this format are signed.
    pub fn signs(format: Format) -> bool {
        matches!(format, Format::Wav | Format::Mp3)
    }

    /// The whole file with its manifest; the same file if its format is not signed. Its sound does not change. Faults: `Internal`
    /// when it cannot be signed.
    pub fn sign_whole(
        &self,
        format: Format,
        mut file: Vec<u8>,
        mark: SyntheticMark,
    ) -> Result<Vec<u8>, Fault> {
        match format {
            Format::Wav => {
                let mut file = Cursor::new(file);
                self.sign_wav(&mut file, mark)?;
                Ok(file.into_inner())
            }
            Format::Mp3 => {
                let manifest = self
                    .0
                    .manifest(mark, SignatureBinding::Bytes("audio/mpeg"))?;
                let at = add_id3_object(&mut file, MP3_OBJECT, manifest.room())?;
                let mut file = Cursor::new(file);
                manifest.sign(&mut file, at, 0)?;
                Ok(file.into_inner())
            }
            Format::Pcm | Format::Flac | Format::Opus | Format::Aac => Ok(file),
        }
    }

    /// Signs a WAV file that is whole, in place. One of 4 GiB or more is left as it is, with a warning: it cannot say how long it is.
    /// Faults: `Internal` when it cannot be signed, and those of [`Fault::disk`].
    pub fn sign_wav(
        &self,
        file: &mut (impl Read + Write + Seek + Send),
        mark: SyntheticMark,
    ) -> Result<(), Fault> {
        let manifest = self
            .0
            .manifest(mark, SignatureBinding::Bytes("audio/wav"))?;
        let end = file.seek(SeekFrom::End(0)).map_err(Fault::disk)?;
        let longest = u64::from(u32::MAX) - 2 * CHUNK_HEAD_BYTES;
        if end + manifest.room().len() as u64 > longest {
            log::warn!("a WAV file of {end} bytes is too long to be signed");
            return Ok(());
        }
        let chunk = append_wav_chunk(file, WAV_CHUNK, manifest.room())?;
        manifest.sign(file, chunk + CHUNK_HEAD_BYTES, CHUNK_HEAD_BYTES)
    }

    /// A manifest for a film in MP4, which leaves room for it. Faults: `Internal` when there is none to be had.
    pub fn film(&self, mark: SyntheticMark) -> Result<FilmManifest, Fault> {
        let manifest = self
            .0
            .manifest(mark, SignatureBinding::Boxes("video/mp4"))?;
        Ok(FilmManifest(manifest))
    }

    /// Signs a short file and checks it as others will, so that a key without its certificate, or with one that readers refuse, is
    /// found at the start. Faults: `Missing`, with what is wrong.
    fn try_out(&self) -> Result<(), Fault> {
        let mark = SyntheticMark::Speech;
        let sound = vocabox_audio::encode::whole(Format::Wav, &[0.0; 64], 8_000, Some(mark))?;
        let unfit = |why: &str| {
            Fault::missing(format!(
                "option c2pa_key: the first certificate in the file does not sign content ({why}): \
                 `vocabox c2pa create` makes one that does"
            ))
        };
        let signed = self.sign_whole(Format::Wav, sound, mark);
        let signed = signed.map_err(|f| unfit(f.cause.as_deref().unwrap_or(&f.sentence)))?;
        let mut file = Cursor::new(signed);
        let found = check(&mut file, None)?;
        let found = found.ok_or_else(|| Fault::internal("a manifest was not found again"))?;
        if !found.signature_valid && found.problems.is_empty() {
            return Err(Fault::internal("a signature does not hold"));
        }
        match found.problems.as_slice() {
            [] => Ok(()),
            problems
                if problems
                    .iter()
                    .any(|code| code.starts_with("claimSignature")) =>
            {
                Err(Fault::missing(
                    "option c2pa_key: the private key is not that of the first certificate in the file",
                ))
            }
            problems => Err(unfit(&problems.join(", "))),
        }
    }
}

/// The manifest of a film, to be signed once the film is there.
pub struct FilmManifest(ContentManifest);

impl FilmManifest {
    /// The box that the film has between its boxes `ftyp` and `moov`.
    pub fn room(&self) -> &[u8] {
        self.0.room()
    }

    /// Signs `film`, which is whole and has the room, in place. Faults: `Internal` when it cannot be signed, and those of
    /// [`Fault::disk`].
    pub fn sign(self, film: &mut File) -> Result<(), Fault> {
        let mut size = [0; 4];
        film.rewind()
            .and_then(|()| film.read_exact(&mut size))
            .map_err(Fault::disk)?;
        // `ftyp` comes first, and is short.
        let at = u64::from(u32::from_be_bytes(size));
        self.0.sign(film, at, 0)
    }
}

/// What the manifest of a file says, and whether it holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckedManifest {
    /// The organization of the signer's certificate.
    pub signed_by: Option<String>,
    /// The program that made the file.
    pub made_by: Option<String>,
    /// Names of digital source types, such as `trainedAlgorithmicMedia`.
    pub digital_source_types: Vec<String>,
    /// Whether the signature is that of the certificate, within the time for which it holds.
    pub signature_valid: bool,
    /// Whether the file's bytes are those that were signed.
    pub content_unchanged: bool,
    /// Whether a certificate of the file of those who are trusted has issued the signer's.
    pub signer_trusted: bool,
    /// The specification's codes of what does not hold, but for an unknown signer; or why the manifest cannot be read.
    pub problems: Vec<String>,
}

/// Checks the manifest of a file of any format that has one, such as WAV, MP3, MP4, JPEG or PNG: none where it has none. `trust` is a
/// PEM of the issuers that are trusted. Faults: `Invalid` for a `trust` without a certificate; `Missing` in a build that cannot check;
/// and those of [`Fault::disk`].
pub fn check(
    file: &mut (impl Read + Seek + Send),
    trust: Option<&str>,
) -> Result<Option<CheckedManifest>, Fault> {
    credentials::check(file, trust)
}
