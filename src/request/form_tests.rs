//! Forms: what is read of them, and their bounds.

use super::*;
use std::io::{Seek, SeekFrom};
use std::time::{Duration, Instant};

const TYPE: Option<&str> = Some("multipart/form-data; boundary=XX");

fn part(head: &str, content: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
}

fn parse_body(told: Option<&str>, body: Body, spool_dir: &Path) -> Result<Form, Fault> {
    let in_a_minute = Instant::now() + Duration::from_secs(60);
    let cancellation = CancellationToken::until(in_a_minute);
    Form::parse(told, body, spool_dir, "", &cancellation)
}

fn parse(body: impl Into<Vec<u8>>) -> Result<Form, Fault> {
    parse_body(TYPE, Body::Memory(body.into()), &std::env::temp_dir())
}

fn sentence(body: impl Into<Vec<u8>>) -> String {
    let fault = parse(body).unwrap_err();
    assert_eq!(fault.kind, Kind::Invalid);
    fault.sentence
}

#[test]
fn fields_and_files_are_read() {
    let body = [
        &part("name=\"language\"", "sw"),
        &part("name=\"language\"", "en"),
        &part("name=\"flag\"", " On "),
        &part("name=\"odd\"", "maybe"),
        &part("name=\"other\"; filename=\"file\"", "passed over"),
        &part("name=\"file\"; filename=\"a b.wav\"", "RIFF\r\n--X"),
        &part("name=\"file\"; filename=\"second\"", "passed over"),
        "--XX--\r\n",
    ]
    .concat();
    let mut form = parse(body).unwrap();
    assert_eq!(form.text("language"), Some("sw"));
    assert_eq!(form.texts("language").count(), 2);
    assert_eq!(form.text("none"), None);
    assert!(form.boolean("flag", false).unwrap());
    assert!(form.boolean("none", true).unwrap());
    assert_eq!(form.boolean("odd", true).unwrap_err().kind, Kind::Invalid);
    let file = form.take_file().unwrap();
    assert!(matches!(file, Body::Memory(bytes) if bytes == b"RIFF\r\n--X"));
    assert!(form.take_file().is_err());
}

#[test]
fn the_part_called_file_is_the_file_whatever_its_name_is_written_like() {
    for head in [
        &b"name=\"file\"; filename*=UTF-8\'\'%C3%B6.wav"[..],
        b"name=\"file\"; filename=\"J\xf6rg.wav\"",
        "name=\"file\"; filename=\"J\u{f6}rg.wav\"".as_bytes(),
        b"name=\"file\"; filename=\"\"",
        b"name=\"file\"",
        b"name=file",
    ] {
        let body = [
            b"--XX\r\nContent-Disposition: form-data; ",
            head,
            b"\r\n\r\nRIFF\xff\r\n--XX--\r\n",
        ];
        let mut form = parse(body.concat()).unwrap();
        let file = form.take_file().unwrap();
        assert!(matches!(file, Body::Memory(bytes) if bytes == b"RIFF\xff"));
    }
}

#[test]
fn other_files_are_skipped_whatever_their_names_are_written_like() {
    for head in [
        &b"name=\"language\"; filename*=UTF-8\'\'a"[..],
        b"name=\"language\"; FileName=\"\xf6\"",
    ] {
        let body = [
            b"--XX\r\nContent-Disposition: form-data; ",
            head,
            b"\r\n\r\n\xff\r\n--XX--\r\n",
        ];
        assert_eq!(parse(body.concat()).unwrap().text("language"), None);
    }
    let named = part("name=\"language; filename=x\"", "sw") + "--XX--";
    let form = parse(named).unwrap();
    assert_eq!(form.text("language; filename=x"), Some("sw"));
}

#[test]
fn a_large_file_is_spooled_whole() {
    let content = "0123456789abcdef".repeat(400_000);
    let body = part("name=\"file\"; filename=\"a\"", &content) + "--XX--";
    let mut spool = tempfile::tempfile().unwrap();
    spool.write_all(body.as_bytes()).unwrap();
    spool.seek(SeekFrom::End(0)).unwrap();
    let bytes = body.len() as u64;
    let body = Body::Spooled { file: spool, bytes };
    let mut form = parse_body(TYPE, body, &std::env::temp_dir()).unwrap();
    let file = form.take_file().unwrap();
    assert!(matches!(file, Body::Spooled { .. }));
    assert_eq!(file.len(), content.len() as u64);
    let mut read = String::new();
    file.into_reader().read_to_string(&mut read).unwrap();
    assert!(read == content);
}

#[test]
fn a_form_is_read_no_longer_than_its_request_may_last() {
    let body = part("name=\"file\"; filename=\"a\"", "content") + "--XX--";
    let past = CancellationToken::until(Instant::now());
    let form =
        |body: String| Form::parse(TYPE, Body::Memory(body.into()), Path::new("/"), "", &past);
    assert!(matches!(form(body).unwrap_err().kind, Kind::Busy { .. }));
    let skipped = part("name=\"other\"; filename=\"a\"", "content") + "--XX--";
    assert!(matches!(form(skipped).unwrap_err().kind, Kind::Busy { .. }));
}

#[test]
fn another_type_is_refused_and_a_boundary_needed() {
    let try_type = |told| parse_body(told, Body::Memory(Vec::new()), Path::new("/")).unwrap_err();
    for told in [
        None,
        Some("application/json"),
        Some("multipart/mixed; boundary=X"),
        Some("???"),
    ] {
        assert_eq!(try_type(told).kind, Kind::UnsupportedType);
    }
    for told in ["multipart/form-data", "multipart/form-data; boundary=\"\""] {
        assert_eq!(try_type(Some(told)).kind, Kind::Invalid);
    }
}

#[test]
fn a_broken_form_is_invalid() {
    let whole = part("name=\"a\"", "text") + &part("name=\"f\"; filename=\"f\"", "data") + "--XX--";
    for end in 0..whole.len() {
        assert!(
            sentence(&whole.as_bytes()[..end]).contains("breaks off"),
            "{end}"
        );
    }
    assert!(sentence(b"--XX\r\nbad header\r\n\r\n\r\n--XX--").contains("not valid"));
}

#[test]
fn every_size_is_bounded() {
    let many = part("name=\"a\"", "x").repeat(FORM_FIELDS_MAX + 1) + "--XX--";
    assert!(sentence(many).contains("more than 128 fields"));
    let long = part("name=\"a\"", &"x".repeat(FORM_FIELD_BYTES_MAX + 1)) + "--XX--";
    assert!(sentence(long).contains("the field a has more than"));
    let whole = part("name=\"a\"", &"x".repeat(FORM_FIELD_BYTES_MAX));
    let most = FORM_TEXT_BYTES_MAX / FORM_FIELD_BYTES_MAX;
    assert!(parse(whole.repeat(most) + "--XX--").is_ok());
    let all = whole.repeat(most) + &part("name=\"b\"", "x") + "--XX--";
    assert!(sentence(all).contains("more than 2097152 bytes of text up to the field b"));
    let preamble = "x".repeat(2_000_000) + &part("name=\"a\"", "x") + "--XX--";
    assert!(sentence(preamble).contains("before or between"));
    let header = format!("--XX\r\nA: {}\r\n\r\n--XX--", "x".repeat(2_000_000));
    assert!(sentence(header).contains("before or between"));
}

#[test]
fn long_fields_of_a_list_are_bounded_together() {
    let read = |body: String| {
        let soon = CancellationToken::until(Instant::now() + Duration::from_secs(60));
        let body = Body::Memory(body.into());
        Form::parse(TYPE, body, &std::env::temp_dir(), "clips", &soon)
    };
    let half = part(
        "name=\"clips[]\"",
        &"x".repeat(FORM_LONG_FIELD_BYTES_MAX / 2),
    );
    let form = read(half.repeat(2) + "--XX--").unwrap();
    assert_eq!(form.list("clips").len(), 2);
    let more = read(half.repeat(2) + &part("name=\"clips\"", "x") + "--XX--");
    assert!(
        more.unwrap_err()
            .sentence
            .contains("up to the field clips,")
    );
}

#[test]
fn a_field_must_be_utf8() {
    let mut body = part("name=\"a\"", "?").into_bytes();
    let at = body.iter().position(|byte| *byte == b'?').unwrap();
    body[at] = 0xFF;
    body.extend_from_slice(b"--XX--");
    assert!(sentence(body).contains("not UTF-8"));
}
