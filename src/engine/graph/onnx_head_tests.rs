use std::io::Cursor;

use super::*;

impl Skip for Cursor<Vec<u8>> {
    fn pass(&mut self, bytes: i64) -> io::Result<()> {
        self.set_position(self.position() + bytes as u64);
        Ok(())
    }
}

fn parsed(bytes: &[u8]) -> Result<OnnxHead, String> {
    OnnxHead::parse(Cursor::new(bytes.to_vec()), bytes.len() as u64)
}

/// A field of bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut made = vec![number << 3 | 2];
    let mut left = bytes.len();
    while left >= 0x80 {
        made.push(left as u8 | 0x80);
        left >>= 7;
    }
    made.push(left as u8);
    made.extend_from_slice(bytes);
    made
}

/// An input of the type `element` with the sizes 1 and T.
fn value(name: &str, element: u8) -> Vec<u8> {
    let sizes = [field(1, &[8, 1]), field(1, &field(2, b"T"))].concat();
    let tensor = [vec![8, element], field(2, &sizes)].concat();
    [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
}

fn weight(name: &str, file: Option<&str>) -> Vec<u8> {
    let location = |f: &str| {
        field(
            13,
            &[field(1, b"location"), field(2, f.as_bytes())].concat(),
        )
    };
    let outside = file.map_or(Vec::new(), location);
    [field(8, name.as_bytes()), field(9, &[7; 500]), outside].concat()
}

/// A graph with weights in it, beside it, and in a branch of a node.
fn model() -> Vec<u8> {
    let branch = field(5, &weight("inner", Some("branch.data")));
    let node = field(1, &field(5, &field(6, &branch)));
    let graph = [
        node,
        field(5, &weight("w", Some("model.onnx_data"))),
        field(11, &value("w", 1)),
        field(11, &value("tokens", 7)),
        field(12, &value("audio", 10)),
    ];
    let note = [field(1, b"language"), field(2, b"yor")].concat();
    [vec![8, 9], field(7, &graph.concat()), field(14, &note)].concat()
}

#[test]
fn inputs_outputs_notes_and_files_of_weights_are_read() {
    let head = parsed(&model()).unwrap();
    let spec = |name: &str, dtype| TensorSpec {
        name: name.to_owned(),
        dtype,
        dims: vec![Some(1), None],
    };
    assert_eq!(head.signature.inputs, [spec("tokens", Dtype::I64)]);
    assert_eq!(head.signature.outputs, [spec("audio", Dtype::F16)]);
    assert_eq!(head.metadata["language"], "yor");
    let files: Vec<&str> = head.external.iter().map(String::as_str).collect();
    assert_eq!(files, ["branch.data", "model.onnx_data"]);
}

#[test]
fn a_file_that_ends_anywhere_is_refused_or_has_less_in_it() {
    let whole = model();
    for end in 0..whole.len() {
        if let Ok(head) = parsed(&whole[..end]) {
            assert!(end > 600 && head.metadata.is_empty(), "{end}");
        }
    }
}

#[test]
fn any_changed_byte_is_read_or_refused() {
    let whole = model();
    for at in 0..whole.len() {
        for change in [0x01, 0x7f, 0x80, 0xff] {
            let mut other = whole.clone();
            other[at] ^= change;
            let _ = parsed(&other);
        }
    }
}

#[test]
fn sizes_beyond_the_file_and_endless_graphs_are_refused() {
    let huge = [vec![7 << 3 | 2], vec![0xff; 8], vec![0x7f]].concat();
    assert!(parsed(&huge).unwrap_err().contains("cut off"));
    let long = field(7, &field(11, &field(1, &vec![b'a'; 70_000])));
    assert!(parsed(&long).unwrap_err().contains("65536 are accepted"));
    let mut nested = Vec::new();
    for _ in 0..40 {
        nested = field(1, &field(5, &field(6, &nested)));
    }
    assert!(parsed(&field(7, &nested)).unwrap_err().contains("nested"));
    assert!(parsed(b"").unwrap_err().contains("no graph"));
    assert!(parsed(b"PK\x03\x04 a zip file").is_err());
}
