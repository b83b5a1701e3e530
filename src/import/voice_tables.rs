//! Kokoro's voices as they are published → the bytes of a pack's voice: `[510, 1, 256] f32`, little-endian.
//!
//! | ending | what it is |
//! | --- | --- |
//! | `.bin` | the bytes themselves; or, as kokoro-onnx names its file of all voices, an archive of numpy |
//! | `.npz` | an archive of numpy arrays (numpy's `lib/format.py`, version 1 to 3), one a voice |
//! | `.pt` | a tensor of PyTorch: a zip file whose pickle is never executed; the floats are those of its only storage |

use std::fs;
use std::path::Path;

use super::archive::ZipArchive;
use super::files::SourceFile;
use crate::engine::tts::style::{STYLE, TABLE};
use crate::limits::{PACK_VOICES_MAX, VOICE_BYTES_MAX};

/// Bytes of a voice's table.
const TABLE_BYTES: usize = 4 * TABLE;
/// Older tables have a row more at their end.
const ROW_BYTES: usize = 4 * STYLE;
/// Values of a style are below; what is far above is no voice.
const VALUE_MAX: f32 = 100.0;

/// A voice of a file: its id, and its table as a pack has it.
pub type NamedTable = (String, Vec<u8>);

/// Returns the voices of a file. The error says what is wrong with it.
pub fn read(file: &SourceFile) -> Result<Vec<NamedTable>, String> {
    let base = file.base();
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    let is_zip = is_zip(&file.path)?;
    let tables = match (file.ends("pt"), is_zip) {
        (true, true) => vec![(stem.to_owned(), of_torch(&file.path)?)],
        (true, false) => {
            return Err(
                "a tensor in PyTorch's old format, which only a pickle can read: save it again with torch.save of PyTorch \
                 1.6 or later, or as a numpy array"
                    .to_owned(),
            );
        }
        (false, true) => of_numpy(&file.path)?,
        (false, false) => {
            if file.size > VOICE_BYTES_MAX {
                return Err(format!(
                    "it has {} bytes; a voice has {TABLE_BYTES}",
                    file.size
                ));
            }
            let bytes = fs::read(&file.path).map_err(|e| e.to_string())?;
            vec![(stem.to_owned(), bytes)]
        }
    };
    tables
        .into_iter()
        .map(|(id, bytes)| {
            let checked = checked(bytes).map_err(|why| format!("voice {id}: {why}"))?;
            Ok((id, checked))
        })
        .collect()
}

fn is_zip(path: &Path) -> Result<bool, String> {
    use std::io::Read;
    let mut start = [0; 2];
    let file = fs::File::open(path).map_err(|e| e.to_string())?;
    let count = file.take(2).read(&mut start).map_err(|e| e.to_string())?;
    Ok(count == 2 && &start == b"PK")
}

/// The table of 510 rows, whose values are sensible.
fn checked(mut bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.len() == TABLE_BYTES + ROW_BYTES {
        bytes.truncate(TABLE_BYTES);
    }
    if bytes.len() != TABLE_BYTES {
        return Err(format!(
            "it has {} bytes; a voice has {TABLE_BYTES}",
            bytes.len()
        ));
    }
    let values = bytes.chunks_exact(4);
    let mut values = values.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    match values.all(|v| v.is_finite() && v.abs() < VALUE_MAX) {
        true => Ok(bytes),
        false => Err("its values are no style: they are not small numbers".to_owned()),
    }
}

fn of_numpy(path: &Path) -> Result<Vec<NamedTable>, String> {
    let mut archive = ZipArchive::open(path)?;
    let entries = archive.entries.clone();
    if entries.len() > PACK_VOICES_MAX {
        return Err(format!("it has {} voices", entries.len()));
    }
    let mut tables = Vec::new();
    for entry in &entries {
        let Some(id) = entry.name.strip_suffix(".npy") else {
            return Err(format!("its entry {:?} is no array of numpy", entry.name));
        };
        let content = archive.content(entry)?;
        let array = of_array(&content).map_err(|why| format!("voice {id}: {why}"))?;
        tables.push((id.to_owned(), array));
    }
    Ok(tables)
}

/// The values of an array: its head is text that is only searched, never evaluated.
fn of_array(content: &[u8]) -> Result<Vec<u8>, String> {
    let wrong = || "it is no array of numpy".to_owned();
    let head = content.get(..12).filter(|h| h.starts_with(b"\x93NUMPY"));
    let head = head.ok_or_else(wrong)?;
    let (size, begin): (usize, usize) = match head[6] {
        1 => (usize::from(u16::from_le_bytes([head[8], head[9]])), 10),
        _ => (
            u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize,
            12,
        ),
    };
    let end = begin.checked_add(size).ok_or_else(wrong)?;
    let text = content.get(begin..end).ok_or_else(wrong)?;
    let text: String = String::from_utf8_lossy(text)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    if !text.contains("'descr':'<f4'") || !text.contains("'fortran_order':False") {
        return Err("its array is not of f32, row after row".to_owned());
    }
    Ok(content[end..].to_vec())
}

/// The floats of a tensor's only storage. What the pickle says of sizes and strides is not read: that the storage has a table's
/// size, and is of floats, decides.
fn of_torch(path: &Path) -> Result<Vec<u8>, String> {
    let mut archive = ZipArchive::open(path)?;
    let entries = archive.entries.clone();
    let one = |is_it: &dyn Fn(&str) -> bool| {
        let mut fitting = entries.iter().filter(|e| {
            let inner = e
                .name
                .split_once('/')
                .map_or(e.name.as_str(), |(_, rest)| rest);
            is_it(inner)
        });
        let first = fitting.next();
        first.filter(|_| fitting.next().is_none())
    };
    let pickle = one(&|name| name == "data.pkl").ok_or("it has no data.pkl, or several")?;
    let storage = one(&|name| name.starts_with("data/"));
    let storage = storage.ok_or("it has not one tensor, but none or several")?;
    if let Some(order) = one(&|name| name == "byteorder")
        && archive.content(order)? != b"little"
    {
        return Err("its floats are big-endian".to_owned());
    }
    let pickle = archive.content(pickle)?;
    let says = |what: &[u8]| pickle.windows(what.len()).any(|w| w == what);
    let others: [&[u8]; 4] = [
        b"HalfStorage",
        b"DoubleStorage",
        b"LongStorage",
        b"BFloat16Storage",
    ];
    if !says(b"FloatStorage") || others.iter().any(|o| says(o)) {
        return Err("its tensor is not of f32".to_owned());
    }
    archive.content(storage)
}

#[cfg(test)]
mod tests {
    use super::super::archive::zipped;
    use super::*;

    fn table() -> Vec<u8> {
        let value = |n: usize| ((n % 97) as f32 / 97.0).to_le_bytes();
        (0..TABLE).flat_map(value).collect()
    }

    fn array(values: &[u8], kind: &str) -> Vec<u8> {
        let head =
            format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': (510, 1, 256), }}\n");
        let size = (head.len() as u16).to_le_bytes();
        [
            b"\x93NUMPY\x01\x00",
            size.as_slice(),
            head.as_bytes(),
            values,
        ]
        .concat()
    }

    fn voices(name: &str, bytes: &[u8]) -> Result<Vec<NamedTable>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        read(&SourceFile {
            path,
            name: format!("voices/{name}"),
            size: bytes.len() as u64,
        })
    }

    #[test]
    fn a_voice_is_the_same_in_every_format() {
        let table = table();
        let torch = zipped(
            &[
                ("af_x/data.pkl", b"\x80\x02ctorch\nFloatStorage\nq."),
                ("af_x/byteorder", b"little"),
                ("af_x/data/0", &table),
                ("af_x/version", b"3"),
            ],
            false,
            None,
        );
        let arrays = zipped(&[("af_x.npy", &array(&table, "<f4"))], true, None);
        let longer = [table.clone(), vec![0; ROW_BYTES]].concat();
        for (name, bytes) in [
            ("af_x.bin", &table),
            ("af_x.bin", &longer),
            ("af_x.pt", &torch),
            ("voices-v1.0.bin", &arrays),
            ("voices.npz", &arrays),
        ] {
            let read = voices(name, bytes).unwrap();
            assert!(read == [("af_x".to_owned(), table.clone())], "{name}");
        }
    }

    #[test]
    fn what_is_no_voice_is_refused_with_the_reason() {
        let table = table();
        let infinite = [&table[4..], &f32::INFINITY.to_le_bytes()].concat();
        let torch =
            |pickle: &[u8]| zipped(&[("x/data.pkl", pickle), ("x/data/0", &table)], false, None);
        let two = zipped(
            &[
                ("x/data.pkl", b"FloatStorage"),
                ("x/data/0", &table),
                ("x/data/1", b""),
            ],
            false,
            None,
        );
        for (name, bytes, reason) in [
            ("a.bin", table[4..].to_vec(), "a voice has 522240"),
            ("a.bin", infinite, "no style"),
            ("a.pt", table.clone(), "old format"),
            ("a.pt", torch(b"HalfStorage"), "not of f32"),
            ("a.pt", two, "not one tensor"),
            (
                "a.npz",
                zipped(&[("x", &table)], false, None),
                "no array of numpy",
            ),
            (
                "a.npz",
                zipped(&[("x.npy", &array(&table, "<f8"))], false, None),
                "not of f32",
            ),
            (
                "a.npz",
                zipped(&[("x.npy", &array(&[], "|O"))], false, None),
                "not of f32",
            ),
            (
                "a.npz",
                zipped(&[("x.npy", b"\x93NUMPY\x01\x00\xff\xff12")], false, None),
                "no array",
            ),
        ] {
            let told = voices(name, &bytes).unwrap_err();
            assert!(told.contains(reason), "{reason}: {told}");
        }
    }
}
