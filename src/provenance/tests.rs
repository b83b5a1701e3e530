//! Real files, signed and read back; changed ones; and keys that do not sign.

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;
use vocabox_audio::decode;
use vocabox_audio::encode::{Codec, Format, WavWriter, mark_wav_file, whole};
use vocabox_audio::mark::{SyntheticMark, source_types};
use vocabox_audio::pcm::read_all;
use vocabox_media::TrackWriter;

use super::*;

const MARK: SyntheticMark = SyntheticMark::Speech;
const NAME: &str = "Ospedale \"San Gïacomo\", Unità 3";

fn key() -> (TempDir, ContentSigner, String) {
    let folder = tempfile::tempdir().unwrap();
    create_key(folder.path(), NAME).unwrap();
    let signer = ContentSigner::open(&folder.path().join(KEY_FILE)).unwrap();
    let trust = fs::read_to_string(folder.path().join(TRUST_FILE)).unwrap();
    (folder, signer, trust)
}

fn sound(format: Format) -> Vec<u8> {
    let sound: Vec<f32> = (0..24_001).map(|n| (n as f32 * 0.05).sin() * 0.5).collect();
    whole(format, &sound, 24_000, Some(MARK)).unwrap()
}

fn samples(file: Vec<u8>) -> Vec<f32> {
    let mut decoder = decode::open(Cursor::new(file), 60.0).unwrap();
    read_all(&mut decoder).unwrap().samples
}

#[track_caller]
fn found(file: &[u8], trust: Option<&str>) -> CheckedManifest {
    check(&mut Cursor::new(file), trust).unwrap().unwrap()
}

#[track_caller]
fn refusal(path: &Path) -> String {
    ContentSigner::open(path)
        .map(|_| ())
        .unwrap_err()
        .to_string()
}

#[test]
fn a_signed_file_has_the_same_sound_and_says_who_made_it() {
    let (_folder, signer, trust) = key();
    let (_other, _, stranger) = key();
    assert_eq!(signer.organization(), NAME);
    for format in [Format::Wav, Format::Mp3] {
        let plain = sound(format);
        assert_eq!(check(&mut Cursor::new(&plain[..]), None).unwrap(), None);
        assert!(!has_manifest(&plain[..]).unwrap());
        let signed = signer.sign_whole(format, plain.clone(), MARK).unwrap();
        assert!(has_manifest(&signed[..]).unwrap());
        assert!(samples(signed.clone()) == samples(plain.clone()));
        assert_eq!(
            source_types(&signed[..]).unwrap(),
            ["trainedAlgorithmicMedia"]
        );
        let more = signed.len() - plain.len();
        assert!((1_000..5_000).contains(&more), "{more}");
        let trusted = CheckedManifest {
            signed_by: Some(NAME.to_owned()),
            made_by: Some(format!("vocabox {}", env!("CARGO_PKG_VERSION"))),
            digital_source_types: vec!["trainedAlgorithmicMedia".to_owned()],
            signature_valid: true,
            content_unchanged: true,
            signer_trusted: true,
            problems: Vec::new(),
        };
        assert_eq!(found(&signed, Some(&trust)), trusted);
        // An issuer that nothing names, and another than the named one.
        for trust in [None, Some(stranger.as_str())] {
            let unknown = CheckedManifest {
                signer_trusted: false,
                ..trusted.clone()
            };
            assert_eq!(found(&signed, trust), unknown);
        }
    }
}

#[test]
fn formats_without_a_place_for_manifests_are_left_as_they_are() {
    let (_folder, signer, _) = key();
    for format in [Format::Pcm, Format::Flac, Format::Opus, Format::Aac] {
        let plain = sound(format);
        assert!(!ContentSigner::signs(format));
        assert!(signer.sign_whole(format, plain.clone(), MARK).unwrap() == plain);
    }
}

#[test]
fn one_changed_byte_of_the_sound_the_mark_or_the_manifest_is_told() {
    let (_folder, signer, trust) = key();
    for format in [Format::Wav, Format::Mp3] {
        let signed = signer.sign_whole(format, sound(format), MARK).unwrap();
        let at = |part: &[u8]| signed.windows(part.len()).position(|w| w == part).unwrap();
        let sound_at = match format {
            Format::Wav => at(b"data") + 5_000,
            _ => signed.len() - 5_000,
        };
        for place in [sound_at, at(b"made by a machine")] {
            let mut changed = signed.clone();
            changed[place] ^= 1;
            let found = found(&changed, Some(&trust));
            assert!(!found.content_unchanged, "{place}");
            assert!(found.signature_valid && found.signer_trusted, "{place}");
            assert_eq!(found.problems, ["assertion.dataHash.mismatch"]);
        }
        // The kind of sound, in the manifest itself.
        let mut changed = signed.clone();
        changed[at(b"cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia") + 60] ^= 1;
        assert!(changed != signed);
        let mut file = Cursor::new(&changed[..]);
        let told = check(&mut file, Some(&trust)).unwrap().unwrap();
        assert!(!told.problems.is_empty());
    }
}

#[test]
fn a_wav_file_is_signed_in_place_and_its_size_counts_the_manifest() {
    let (_folder, signer, trust) = key();
    for frames in [3, 100_001] {
        let mut file = tempfile::tempfile().unwrap();
        let mut writer = WavWriter::new(&mut file, 48_000, 2).unwrap();
        writer.push(&vec![0.25; 2 * frames]).unwrap();
        writer.finish().unwrap();
        mark_wav_file(&mut file, SyntheticMark::Part).unwrap();
        signer.sign_wav(&mut file, SyntheticMark::Part).unwrap();
        let bytes = bytes_of(file);
        assert_eq!(bytes[4..8], (bytes.len() as u32 - 8).to_le_bytes());
        assert!(samples(bytes.clone()) == vec![0.25; frames]);
        let found = found(&bytes, Some(&trust));
        assert_eq!(
            found.digital_source_types,
            ["compositeWithTrainedAlgorithmicMedia"]
        );
        assert!(found.content_unchanged && found.signature_valid && found.signer_trusted);
    }
}

/// The film called `name` with other sound, and with this box before its box `moov`.
fn dubbed(name: &str, manifest: Vec<u8>) -> File {
    let films = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/test-video");
    let sound: Vec<f32> = (0..192_000)
        .map(|n| (n as f32 * 0.02).sin() * 0.4)
        .collect();
    let mut track = TrackWriter::new(tempfile::tempfile().unwrap(), 1, Codec::Opus).unwrap();
    track.push(&sound).unwrap();
    let track = track.finish("por").unwrap().marked(SyntheticMark::Part);
    let mut made = tempfile::tempfile().unwrap();
    let original = File::open(films.join(name)).unwrap();
    vocabox_media::replace_audio(original, &track.with_manifest(manifest), None, &mut made)
        .unwrap();
    made
}

fn bytes_of(mut file: File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn films_are_signed_in_place_and_any_changed_byte_of_picture_sound_or_tables_is_told() {
    let (_folder, signer, trust) = key();
    for name in ["faststart.mp4", "fragmented.mp4", "quicktime.mov"] {
        let manifest = signer.film(SyntheticMark::Part).unwrap();
        let room = manifest.room().len();
        let mut film = dubbed(name, manifest.room().to_vec());
        let length = film.metadata().unwrap().len();
        manifest.sign(&mut film).unwrap();
        assert_eq!(film.metadata().unwrap().len(), length);
        let signed = bytes_of(film);
        let read = found(&signed, Some(&trust));
        assert!(
            read.signer_trusted && read.signature_valid && read.content_unchanged,
            "{read:?}"
        );
        assert_eq!(read.problems, Vec::<String>::new());
        assert_eq!(
            read.digital_source_types,
            ["compositeWithTrainedAlgorithmicMedia"]
        );
        // The rest is the film without a manifest, whose tables point at places that lie farther by the room.
        let plain = bytes_of(dubbed(name, Vec::new()));
        assert_eq!(plain.len() + room, signed.len());
        let media =
            |film: &[u8]| film[film.windows(4).position(|w| w == b"mdat").unwrap()..].to_vec();
        assert!(media(&signed) == media(&plain));
        let decoded = |film: Vec<u8>| samples(film);
        assert!(decoded(signed.clone()) == decoded(plain));
        let moov = signed.windows(4).position(|w| w == b"moov").unwrap();
        for at in [moov + 30, signed.len() / 2, signed.len() - 1] {
            let mut changed = signed.clone();
            changed[at] ^= 1;
            let read = found(&changed, Some(&trust));
            assert!(
                !read.content_unchanged && read.signature_valid,
                "{at}: {read:?}"
            );
            assert_eq!(read.problems, ["assertion.bmffHash.mismatch"]);
        }
    }
}

#[test]
fn a_new_key_is_its_owners_alone_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("new/c2pa");
    create_key(&place, NAME).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.join(KEY_FILE)), 0o600);
    assert_eq!(mode(&place), 0o700);
    let made = fs::read(place.join(KEY_FILE)).unwrap();
    let refused = create_key(&place, NAME).unwrap_err().to_string();
    assert!(refused.contains("is there already"), "{refused}");
    assert_eq!(fs::read(place.join(KEY_FILE)).unwrap(), made);
    // No key without its issuer's certificate.
    fs::remove_file(place.join(KEY_FILE)).unwrap();
    create_key(&place, NAME).unwrap_err();
    assert!(!place.join(KEY_FILE).exists());
    for name in ["", " ", "a\nb", &"x".repeat(65)] {
        let refused = create_key(folder.path(), name).unwrap_err().to_string();
        assert!(refused.starts_with("organization has"), "{refused}");
    }
    create_key(&folder.path().join("longest"), &"é".repeat(64)).unwrap();
}

#[test]
fn a_key_that_cannot_sign_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    create_key(&one, NAME).unwrap();
    create_key(&other, NAME).unwrap();
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let (signer, trust) = (read(&one.join(KEY_FILE)), read(&one.join(TRUST_FILE)));
    let end = "-----END PRIVATE KEY-----\n";
    let (key, certificate) = signer.split_at(signer.find(end).unwrap() + end.len());
    let mixed = read(&other.join(KEY_FILE));
    let other_certificate = &mixed[mixed.find(end).unwrap() + end.len()..];
    let file = folder.path().join("file.pem");
    let write = |text: &str, mode: u32| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    let refused = |text: &str| {
        write(text, 0o600);
        refusal(&file)
    };
    for (text, reason) in [
        ("", "has 0 blocks BEGIN PRIVATE KEY"),
        (certificate, "has 0 blocks BEGIN PRIVATE KEY"),
        (&format!("{key}{signer}"), "has 2 blocks BEGIN PRIVATE KEY"),
        (key, "has no block BEGIN CERTIFICATE"),
        (&key.replace("MI", "XX"), "has no block BEGIN CERTIFICATE"),
        (
            &format!("{key}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "the first certificate cannot be read",
        ),
        (
            &format!("{}{certificate}", key.replace("MI", "XX")),
            "no key of P-256, P-384 or Ed25519",
        ),
        (
            &format!("{key}{other_certificate}"),
            "the private key is not that of the first certificate",
        ),
        // The issuer's own certificate signs no content.
        (&format!("{key}{trust}"), "does not sign content"),
    ] {
        let told = refused(text);
        assert!(
            told.starts_with("option c2pa_key:") && told.contains(reason),
            "{told}"
        );
    }
    let told = refusal(&folder.path().join("none.pem"));
    assert!(told.contains("cannot be read"), "{told}");
    write(&signer, 0o644);
    let told = refusal(&file);
    assert!(told.contains("has the mode 644"), "{told}");
    // The blocks in any order.
    write(&format!("{certificate}{key}"), 0o640);
    ContentSigner::open(&file).unwrap();
}

#[test]
fn nothing_but_certificates_is_trusted() {
    let (_folder, signer, _) = key();
    let signed = signer
        .sign_whole(Format::Wav, sound(Format::Wav), MARK)
        .unwrap();
    for trust in ["", "words"] {
        let refused = check(&mut Cursor::new(&signed[..]), Some(trust)).unwrap_err();
        assert!(refused.sentence.contains("no certificate"), "{refused}");
    }
}
