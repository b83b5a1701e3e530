//! The text of a single token, which may be a part of a character.
//!
//! Source: github.com/openai/gpt-2, `src/encoder.py`: bytes_to_unicode, by which vocabularies write bytes as characters.

use tokenizers::Tokenizer;

/// Returns the bytes that a token stands for, in UTF-8 once all tokens of a character are together; none for an unknown
/// token.
pub fn token_bytes(tokenizer: &Tokenizer, token: u32) -> Vec<u8> {
    let written = tokenizer.id_to_token(token).unwrap_or_default();
    written.chars().flat_map(bytes).collect()
}

/// Whether vocabularies write a byte as the character with its number.
fn is_written_as_itself(byte: u8) -> bool {
    matches!(byte, 33..=126 | 161..=172 | 174..)
}

/// The byte that `c` stands for; its own bytes where vocabularies do not write it.
fn bytes(c: char) -> Vec<u8> {
    let byte = match u8::try_from(c) {
        Ok(byte) => Some(byte).filter(|byte| is_written_as_itself(*byte)),
        // The others have the characters from 256 on, in their order.
        Err(_) => (0..=u8::MAX)
            .filter(|byte| !is_written_as_itself(*byte))
            .nth((c as usize).saturating_sub(256)),
    };
    byte.map_or_else(|| c.to_string().into_bytes(), |byte| vec![byte])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(written: &str) -> Vec<u8> {
        written.chars().flat_map(bytes).collect()
    }

    #[test]
    fn characters_of_vocabularies_are_bytes() {
        assert_eq!(read("\u{120}the"), b" the");
        assert_eq!(read("\u{10a}"), b"\n");
        assert_eq!(String::from_utf8(read("Ã¼ber")).unwrap(), "über");
        // The first two bytes of a character of three.
        assert_eq!(read("ä¸\u{143}"), [0xe4, 0xb8, 0xad]);
        assert_eq!(read("<|0.02|>"), b"<|0.02|>");
        assert_eq!(read("語"), "語".as_bytes());
    }
}
