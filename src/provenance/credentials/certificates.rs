//! A new key: its certificate, as the profile of C2PA wants it (C2PA 2.2, §14.5.1), and that of an issuer of its own, whose key is not
//! kept, so that to trust this issuer is to trust this one key.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use p256::SecretKey;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePrivateKey, LineEnding};
use vocabox_base::fault::Fault;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::der::asn1::{ObjectIdentifier, SetOfVec, Utf8StringRef};
use x509_cert::der::{Any, DecodePem, EncodePem};
use x509_cert::ext::pkix::ExtendedKeyUsage;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};

use crate::{KEY_DAYS, KEY_FILE, ORGANIZATION_CHARS_MAX, TRUST_FILE};

/// X.520: organizationName and commonName.
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
/// What the key may do: sign claims of C2PA (c2pa-kp-claimSigning), and, for older readers, mail (emailProtection).
const USAGES: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.62558.2.1"),
    ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4"),
];
/// Bytes of a serial number, below RFC 5280's twenty.
const SERIAL_BYTES: usize = 16;
/// Bytes of a key of P-256.
const KEY_BYTES: usize = 32;
const DAY: Duration = Duration::from_secs(24 * 3600);

type Made<T> = Result<T, Box<dyn std::error::Error>>;

/// Makes a key of P-256 with its certificate for `organization` in [`KEY_FILE`], which only its owner may read, and its issuer's
/// certificate in [`TRUST_FILE`], both in `folder`, which is made if it is not there. Faults: `Invalid` for a name out of its bounds
/// or a file that is there already; and those of [`Fault::disk`].
pub fn create_key(folder: &Path, organization: &str) -> Result<(), Fault> {
    let chars = organization.chars().count();
    let is_plain = !organization.chars().any(char::is_control);
    if organization.trim().is_empty() || chars > ORGANIZATION_CHARS_MAX || !is_plain {
        return Err(Fault::invalid(format!(
            "organization has {chars} characters; 1 to {ORGANIZATION_CHARS_MAX} are accepted, not blank and without control characters"
        )));
    }
    let (signer, trust) = make(organization.trim()).map_err(Fault::internal)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(Fault::disk)?;
    let key = folder.join(KEY_FILE);
    write_new(&key, 0o600, &signer)?;
    write_new(&folder.join(TRUST_FILE), 0o644, &trust).inspect_err(|_| {
        // A key without its issuer is of no use.
        let _ = fs::remove_file(&key);
    })
}

/// Writes a file that is not there yet, whole and to the disk. Faults: as [`create_key`].
fn write_new(path: &Path, mode: u32, text: &str) -> Result<(), Fault> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(|e| match e.kind() {
            std::io::ErrorKind::AlreadyExists => Fault::invalid(format!(
                "{} is there already, and is not overwritten",
                path.display()
            )),
            _ => Fault::invalid(format!("{} cannot be written", path.display())).because(e),
        })?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(Fault::disk)
}

/// The PEM of a key with its certificate, and that of its issuer.
fn make(organization: &str) -> Made<(String, String)> {
    let (issuer, signer) = (new_key()?, new_key()?);
    let issuer_name = name(organization, "content credentials, issuer")?;
    let root = certificate(Profile::Root, &issuer_name, &issuer, &issuer, &[])?;
    let profile = Profile::Leaf {
        issuer: issuer_name,
        enable_key_agreement: false,
        enable_key_encipherment: false,
    };
    let subject = name(organization, "content credentials")?;
    let leaf = certificate(profile, &subject, &signer, &issuer, &USAGES)?;
    let key = SecretKey::from(&signer).to_pkcs8_pem(LineEnding::LF)?;
    Ok((format!("{}{leaf}", key.as_str()), root))
}

/// The PEM of a certificate of `key`, signed by `issuer`.
fn certificate(
    profile: Profile,
    subject: &Name,
    key: &SigningKey,
    issuer: &SigningKey,
    usages: &[ObjectIdentifier],
) -> Made<String> {
    let mut serial = [0; SERIAL_BYTES];
    getrandom::fill(&mut serial)?;
    // Positive and not zero.
    serial[0] = serial[0] & 0x7f | 0x40;
    let now = SystemTime::now();
    let validity = Validity {
        // Clocks of others may be behind.
        not_before: Time::try_from(now - DAY)?,
        not_after: Time::try_from(now + DAY * KEY_DAYS as u32)?,
    };
    let mut builder = CertificateBuilder::new(
        profile,
        SerialNumber::new(&serial)?,
        validity,
        subject.clone(),
        SubjectPublicKeyInfoOwned::from_key(*key.verifying_key())?,
        issuer,
    )?;
    if !usages.is_empty() {
        builder.add_extension(&ExtendedKeyUsage(usages.to_vec()))?;
    }
    let certificate = builder.build::<DerSignature>()?;
    Ok(certificate.to_pem(LineEnding::LF)?)
}

fn new_key() -> Made<SigningKey> {
    loop {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes)?;
        // One in 2³² is beyond the order of the curve.
        if let Ok(key) = SigningKey::from_slice(&bytes) {
            return Ok(key);
        }
    }
}

fn name(organization: &str, common: &str) -> Made<Name> {
    let part = |oid, text: &str| -> Made<RelativeDistinguishedName> {
        let value = Any::encode_from(&Utf8StringRef::new(text)?)?;
        let value = AttributeTypeAndValue { oid, value };
        Ok(RelativeDistinguishedName(SetOfVec::try_from(vec![value])?))
    };
    Ok(RdnSequence(vec![
        part(ORGANIZATION, organization)?,
        part(COMMON_NAME, common)?,
    ]))
}

/// The organization of a certificate, else its common name; empty without either.
pub fn organization(pem: &str) -> Made<String> {
    let certificate = Certificate::from_pem(pem)?;
    let subject = certificate.tbs_certificate.subject.0;
    let parts = || subject.iter().flat_map(|part| part.0.iter());
    let named = |oid| parts().find(|part| part.oid == oid);
    let found = named(ORGANIZATION).or_else(|| named(COMMON_NAME));
    let text = found.map(|part| String::from_utf8_lossy(part.value.value()).into_owned());
    Ok(text.unwrap_or_default())
}
