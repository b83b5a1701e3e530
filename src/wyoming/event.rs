//! The events of the Wyoming protocol on the wire: a line of JSON, then as many bytes of data (JSON) and of payload (sound) as
//! the line tells. Source: `wyoming/event.py` of the PyPI package `wyoming` 1.10.2.

use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits::{WYOMING_LINE_BYTES_MAX, WYOMING_PART_BYTES_MAX};

/// The version of the protocol's package that this follows.
const VERSION: &str = "1.10.2";

/// An event of a client or of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct WyomingEvent {
    pub kind: String,
    pub data: Map<String, Value>,
    pub payload: Vec<u8>,
}

/// The line before data and payload.
#[derive(Serialize, Deserialize)]
struct EventLine {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Data in the line itself, which older clients send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data_length: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_length: Option<usize>,
}

impl WyomingEvent {
    /// An event without a payload; `data` is an object or null.
    pub fn new(kind: &str, data: Value) -> Self {
        WyomingEvent {
            kind: kind.to_owned(),
            data: match data {
                Value::Object(data) => data,
                _ => Map::new(),
            },
            payload: Vec::new(),
        }
    }

    /// The text of a field, none where it is absent or no text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str)
    }

    /// The number in a field, none where it is absent or no whole number within 32 bits.
    pub fn number(&self, name: &str) -> Option<u32> {
        let number = self.data.get(name).and_then(Value::as_u64)?;
        number.try_into().ok()
    }

    /// Reads the next event; none at the end of the stream. Errors: `InvalidData` for what is no event or has a part above its
    /// bound, and those of the stream.
    pub fn read(source: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut line = Vec::new();
        let most = WYOMING_LINE_BYTES_MAX as u64;
        source.by_ref().take(most).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() != Some(&b'\n') {
            return Err(wrong("a line that is cut off or too long"));
        }
        let head: EventLine = serde_json::from_slice(&line).map_err(wrong)?;
        let mut data = head.data.unwrap_or_default();
        let bytes = part(source, head.data_length)?;
        if !bytes.is_empty() {
            let more: Map<String, Value> = serde_json::from_slice(&bytes).map_err(wrong)?;
            data.extend(more);
        }
        Ok(Some(WyomingEvent {
            kind: head.kind,
            data,
            payload: part(source, head.payload_length)?,
        }))
    }

    /// Writes the event.
    pub fn write(&self, sink: &mut impl Write) -> io::Result<()> {
        let data = match self.data.is_empty() {
            true => Vec::new(),
            false => serde_json::to_vec(&self.data)?,
        };
        let length = |bytes: &[u8]| Some(bytes.len()).filter(|length| *length > 0);
        let line = EventLine {
            kind: self.kind.clone(),
            version: Some(VERSION.to_owned()),
            data: None,
            data_length: length(&data),
            payload_length: length(&self.payload),
        };
        let mut whole = serde_json::to_vec(&line)?;
        whole.push(b'\n');
        whole.extend_from_slice(&data);
        whole.extend_from_slice(&self.payload);
        sink.write_all(&whole)
    }
}

fn part(source: &mut impl Read, length: Option<usize>) -> io::Result<Vec<u8>> {
    let length = length.unwrap_or(0);
    if length > WYOMING_PART_BYTES_MAX {
        return Err(wrong("a part that is too long"));
    }
    let mut bytes = vec![0; length];
    source.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn wrong(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(bytes: &[u8]) -> io::Result<Option<WyomingEvent>> {
        WyomingEvent::read(&mut &bytes[..])
    }

    #[test]
    fn an_event_that_is_written_is_read_back_and_the_next_follows() {
        let sound = WyomingEvent {
            payload: vec![1, 2, 3, b'\n'],
            ..WyomingEvent::new("audio-chunk", json!({ "rate": 16_000 }))
        };
        let stop = WyomingEvent::new("audio-stop", Value::Null);
        let mut bytes = Vec::new();
        for event in [&sound, &stop] {
            event.write(&mut bytes).unwrap();
        }
        let mut source = &bytes[..];
        assert_eq!(WyomingEvent::read(&mut source).unwrap(), Some(sound));
        assert_eq!(WyomingEvent::read(&mut source).unwrap(), Some(stop));
        assert_eq!(WyomingEvent::read(&mut source).unwrap(), None);
    }

    #[test]
    fn data_may_be_in_the_line_and_after_it() {
        let bytes = b"{\"type\":\"a\",\"data\":{\"x\":1,\"y\":1},\"data_length\":7,\"new\":true}\n{\"y\":2}";
        let event = read(bytes).unwrap().unwrap();
        assert_eq!(Value::from(event.data), json!({ "x": 1, "y": 2 }));
    }

    #[test]
    fn what_is_no_event_or_too_long_is_refused() {
        let long = [&vec![b' '; WYOMING_LINE_BYTES_MAX][..], b"{}\n"].concat();
        for bytes in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"{\"type\":\"a\"}",
            b"{\"type\":1}\n",
            b"{\"type\":\"a\",\"data_length\":2}\n[]",
            b"{\"type\":\"a\",\"payload_length\":99999999999}\n",
            b"{\"type\":\"a\",\"payload_length\":2}\nx",
            &long,
        ] {
            assert!(read(bytes).is_err());
        }
    }
}
