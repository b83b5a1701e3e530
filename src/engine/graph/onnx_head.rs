//! What a file of a graph says of itself: its inputs and outputs, its metadata, and the files beside it that have its weights.
//!
//! Reads the file by protobuf's wire format (onnx.proto3 of ONNX 1.19), field by field, and passes over the weights: no runtime
//! loads it, and memory stays small whatever the file says. Files of others are read by it before anything else trusts them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::graph::net::{Dtype, Signature, TensorSpec};
use vocabox_base::limits::{
    GRAPH_DEPTH_MAX, GRAPH_DIMS_MAX, GRAPH_FIELDS_MAX, GRAPH_TENSORS_MAX, GRAPH_TEXT_BYTES_MAX,
};

/// The parts of a graph's file that are not weights.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnnxHead {
    /// Inputs that have no weight of the same name, and outputs.
    pub signature: Signature,
    /// What the exporter noted: key → value.
    pub metadata: BTreeMap<String, String>,
    /// Paths of the files with weights, relative to the graph's folder, as the graph names them: unchecked.
    pub external: BTreeSet<String>,
}

impl OnnxHead {
    /// Reads the head of the graph at `path`. The error says what is wrong with the file.
    pub fn read(path: &Path) -> Result<OnnxHead, String> {
        let file = File::open(path).map_err(|e| e.to_string())?;
        let bytes = file.metadata().map_err(|e| e.to_string())?.len();
        Self::parse(BufReader::with_capacity(1 << 16, file), bytes)
    }

    /// As [`OnnxHead::read`], of `bytes` bytes in `source`.
    fn parse(source: impl Skip, bytes: u64) -> Result<OnnxHead, String> {
        let mut reader = WireReader {
            source,
            at: 0,
            fields: 0,
        };
        let mut head = OnnxHead::default();
        let mut weights = HashSet::new();
        let mut has_graph = false;
        reader.message(bytes, &mut |reader, field, size| {
            match field {
                MODEL_GRAPH => {
                    has_graph = true;
                    reader.graph(size, 0, &mut head, &mut weights)?;
                }
                MODEL_METADATA => {
                    let (key, value) = reader.pair(size)?;
                    if head.metadata.len() < GRAPH_TENSORS_MAX {
                        head.metadata.insert(key, value);
                    }
                }
                _ => reader.skip(size)?,
            }
            Ok(())
        })?;
        if !has_graph {
            return Err("it is no ONNX file: it has no graph".to_owned());
        }
        // Old exporters list weights among the inputs, too.
        head.signature.inputs.retain(|i| !weights.contains(&i.name));
        Ok(head)
    }
}

// Numbers of fields in onnx.proto3.
const MODEL_GRAPH: u64 = 7;
const MODEL_METADATA: u64 = 14;
const GRAPH_NODE: u64 = 1;
const GRAPH_INITIALIZER: u64 = 5;
const GRAPH_INPUT: u64 = 11;
const GRAPH_OUTPUT: u64 = 12;
const NODE_ATTRIBUTE: u64 = 5;
const ATTRIBUTE_TENSOR: u64 = 5;
const ATTRIBUTE_GRAPH: u64 = 6;
const ATTRIBUTE_TENSORS: u64 = 10;
const ATTRIBUTE_GRAPHS: u64 = 11;
const TENSOR_NAME: u64 = 8;
const TENSOR_EXTERNAL: u64 = 13;
const VALUE_NAME: u64 = 1;
const VALUE_TYPE: u64 = 2;
const TYPE_TENSOR: u64 = 1;
const TENSOR_TYPE_ELEMENT: u64 = 1;
const TENSOR_TYPE_SHAPE: u64 = 2;
const SHAPE_DIM: u64 = 1;
const DIM_VALUE: u64 = 1;
const PAIR_KEY: u64 = 1;
const PAIR_VALUE: u64 = 2;
/// Kinds of fields on the wire: a number, eight bytes, a length and as many bytes, four bytes.
const WIRE_NUMBER: u64 = 0;
const WIRE_EIGHT: u64 = 1;
const WIRE_BYTES: u64 = 2;
const WIRE_FOUR: u64 = 5;

/// A source of bytes that can pass over some.
trait Skip: Read {
    fn pass(&mut self, bytes: i64) -> io::Result<()>;
}

impl Skip for BufReader<File> {
    fn pass(&mut self, bytes: i64) -> io::Result<()> {
        self.seek_relative(bytes)
    }
}

struct WireReader<S> {
    source: S,
    at: u64,
    fields: u64,
}

impl<S: Skip> WireReader<S> {
    /// Calls `each` with the number of each field of the message that ends at `end`, and with the bytes of its value, all of
    /// which `each` reads or passes over. Numbers are passed over as they are; [`WireReader::numbered`] reads them.
    fn message(
        &mut self,
        end: u64,
        each: &mut dyn FnMut(&mut Self, u64, u64) -> Result<(), String>,
    ) -> Result<(), String> {
        self.numbered(end, &mut |reader, field, value| match value {
            WireValue::Bytes(size) => each(reader, field, size),
            WireValue::Number(_) => Ok(()),
        })
    }

    fn numbered(
        &mut self,
        end: u64,
        each: &mut dyn FnMut(&mut Self, u64, WireValue) -> Result<(), String>,
    ) -> Result<(), String> {
        while self.at < end {
            self.fields += 1;
            if self.fields > GRAPH_FIELDS_MAX {
                return Err(format!("it has more than {GRAPH_FIELDS_MAX} fields"));
            }
            let tag = self.varint()?;
            let field = tag >> 3;
            match tag & 7 {
                WIRE_NUMBER => {
                    let number = self.varint()?;
                    each(self, field, WireValue::Number(number))?;
                }
                WIRE_EIGHT => self.skip(8)?,
                WIRE_FOUR => self.skip(4)?,
                WIRE_BYTES => {
                    let size = self.varint()?;
                    let left = end.saturating_sub(self.at);
                    if size > left {
                        return Err(format!(
                            "it is cut off or no ONNX file: a field of {size} bytes where {left} are left"
                        ));
                    }
                    let after = self.at + size;
                    each(self, field, WireValue::Bytes(size))?;
                    if self.at != after {
                        return Err("its fields do not fit into each other".to_owned());
                    }
                }
                _ => return Err("it is no ONNX file".to_owned()),
            }
        }
        match self.at == end {
            true => Ok(()),
            false => Err("its fields do not fit into each other".to_owned()),
        }
    }

    /// The graph in the next `size` bytes; only the outermost one has inputs and outputs that matter.
    fn graph(
        &mut self,
        size: u64,
        depth: usize,
        head: &mut OnnxHead,
        weights: &mut HashSet<String>,
    ) -> Result<(), String> {
        if depth > GRAPH_DEPTH_MAX {
            return Err(format!(
                "its graphs are nested more than {GRAPH_DEPTH_MAX} deep"
            ));
        }
        let is_outer = depth == 0;
        self.message(self.at + size, &mut |reader, field, size| match field {
            GRAPH_NODE => reader.node(size, depth, head, weights),
            GRAPH_INITIALIZER => {
                let name = reader.tensor(size, head)?;
                if is_outer {
                    weights.insert(name);
                }
                Ok(())
            }
            GRAPH_INPUT if is_outer => reader.value(size, |s| &mut s.inputs, head),
            GRAPH_OUTPUT if is_outer => reader.value(size, |s| &mut s.outputs, head),
            _ => reader.skip(size),
        })
    }

    fn node(
        &mut self,
        size: u64,
        depth: usize,
        head: &mut OnnxHead,
        weights: &mut HashSet<String>,
    ) -> Result<(), String> {
        self.message(self.at + size, &mut |reader, field, size| match field {
            NODE_ATTRIBUTE => {
                reader.message(reader.at + size, &mut |reader, field, size| match field {
                    ATTRIBUTE_GRAPH | ATTRIBUTE_GRAPHS => {
                        reader.graph(size, depth + 1, head, weights)
                    }
                    ATTRIBUTE_TENSOR | ATTRIBUTE_TENSORS => reader.tensor(size, head).map(drop),
                    _ => reader.skip(size),
                })
            }
            _ => reader.skip(size),
        })
    }

    /// The name of the weight in the next `size` bytes; notes the file that has it.
    fn tensor(&mut self, size: u64, head: &mut OnnxHead) -> Result<String, String> {
        let mut name = String::new();
        self.message(self.at + size, &mut |reader, field, size| {
            match field {
                TENSOR_NAME => name = reader.text(size)?,
                TENSOR_EXTERNAL => {
                    let (key, value) = reader.pair(size)?;
                    if key == "location" && head.external.len() < GRAPH_TENSORS_MAX {
                        head.external.insert(value);
                    }
                }
                _ => reader.skip(size)?,
            }
            Ok(())
        })?;
        Ok(name)
    }

    /// The input or output in the next `size` bytes, added to a side of the signature.
    fn value(
        &mut self,
        size: u64,
        side: fn(&mut Signature) -> &mut Vec<TensorSpec>,
        head: &mut OnnxHead,
    ) -> Result<(), String> {
        let mut spec = TensorSpec {
            name: String::new(),
            dtype: Dtype::Other,
            dims: Vec::new(),
        };
        self.message(self.at + size, &mut |reader, field, size| match field {
            VALUE_NAME => {
                spec.name = reader.text(size)?;
                Ok(())
            }
            VALUE_TYPE => {
                reader.message(reader.at + size, &mut |reader, field, size| match field {
                    TYPE_TENSOR => reader.tensor_type(size, &mut spec),
                    _ => reader.skip(size),
                })
            }
            _ => reader.skip(size),
        })?;
        let side = side(&mut head.signature);
        if side.len() == GRAPH_TENSORS_MAX {
            return Err(format!(
                "it has more than {GRAPH_TENSORS_MAX} inputs or outputs"
            ));
        }
        side.push(spec);
        Ok(())
    }

    fn tensor_type(&mut self, size: u64, spec: &mut TensorSpec) -> Result<(), String> {
        self.numbered(
            self.at + size,
            &mut |reader, field, value| match (field, value) {
                (TENSOR_TYPE_ELEMENT, WireValue::Number(number)) => {
                    // TensorProto.DataType.
                    spec.dtype = match number {
                        1 => Dtype::F32,
                        6 => Dtype::I32,
                        7 => Dtype::I64,
                        9 => Dtype::Bool,
                        10 => Dtype::F16,
                        _ => Dtype::Other,
                    };
                    Ok(())
                }
                (TENSOR_TYPE_SHAPE, WireValue::Bytes(size)) => {
                    reader.message(reader.at + size, &mut |reader, field, size| match field {
                        SHAPE_DIM => reader.dim(size, spec),
                        _ => reader.skip(size),
                    })
                }
                (_, WireValue::Bytes(size)) => reader.skip(size),
                (_, WireValue::Number(_)) => Ok(()),
            },
        )
    }

    /// A size; a name in place of a number leaves it open.
    fn dim(&mut self, size: u64, spec: &mut TensorSpec) -> Result<(), String> {
        let mut dim = None;
        self.numbered(self.at + size, &mut |reader, field, value| match value {
            WireValue::Number(number) => {
                if field == DIM_VALUE {
                    dim = i64::try_from(number)
                        .ok()
                        .and_then(|n| usize::try_from(n).ok());
                }
                Ok(())
            }
            WireValue::Bytes(size) => reader.skip(size),
        })?;
        if spec.dims.len() == GRAPH_DIMS_MAX {
            return Err(format!("a tensor has more than {GRAPH_DIMS_MAX} sizes"));
        }
        spec.dims.push(dim);
        Ok(())
    }

    fn pair(&mut self, size: u64) -> Result<(String, String), String> {
        let (mut key, mut value) = (String::new(), String::new());
        self.message(self.at + size, &mut |reader, field, size| match field {
            PAIR_KEY => {
                key = reader.text(size)?;
                Ok(())
            }
            // A note may be long, such as a whole vocabulary.
            PAIR_VALUE if size > GRAPH_TEXT_BYTES_MAX => reader.skip(size),
            PAIR_VALUE => {
                value = reader.text(size)?;
                Ok(())
            }
            _ => reader.skip(size),
        })?;
        Ok((key, value))
    }

    fn text(&mut self, size: u64) -> Result<String, String> {
        if size > GRAPH_TEXT_BYTES_MAX {
            return Err(format!(
                "a name in it has {size} bytes; {GRAPH_TEXT_BYTES_MAX} are accepted"
            ));
        }
        let mut bytes = vec![0; size as usize];
        self.source.read_exact(&mut bytes).map_err(cut_off)?;
        self.at += size;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn skip(&mut self, size: u64) -> Result<(), String> {
        let bytes = i64::try_from(size).map_err(|_| "it is no ONNX file".to_owned())?;
        self.source.pass(bytes).map_err(cut_off)?;
        self.at += size;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut number = 0_u64;
        for shift in (0..70).step_by(7) {
            let mut byte = [0];
            self.source.read_exact(&mut byte).map_err(cut_off)?;
            self.at += 1;
            if shift < 64 {
                number |= u64::from(byte[0] & 0x7f) << shift;
            }
            if byte[0] & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("it is no ONNX file".to_owned())
    }
}

/// The value of a field: a number, or so many bytes that follow.
enum WireValue {
    Number(u64),
    Bytes(u64),
}

fn cut_off(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "it is cut off, or no ONNX file".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
#[path = "onnx_head_tests.rs"]
mod tests;
