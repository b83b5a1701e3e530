//! A gzip file (RFC 1952) around deflated data, which programs of every system unpack.

use miniz_oxide::deflate::compress_to_vec;

/// Of 10, as gzip's own default.
const LEVEL: u8 = 6;
/// Magic number, deflate, no flags, no time, no hint, an unknown system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// The polynomial of the check sum, its bits reversed.
const POLYNOMIAL: u32 = 0xedb8_8320;

/// Returns `content` as a gzip file.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut file = HEAD.to_vec();
    file.extend(compress_to_vec(content, LEVEL));
    file.extend(checksum(content).to_le_bytes());
    // The length modulo 2^32.
    file.extend((content.len() as u32).to_le_bytes());
    file
}

/// CRC-32 as in RFC 1952, section 8.
fn checksum(content: &[u8]) -> u32 {
    let step = |crc: u32, _| match crc & 1 {
        1 => POLYNOMIAL ^ (crc >> 1),
        _ => crc >> 1,
    };
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), step);
    !content.iter().fold(u32::MAX, byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_sum_is_that_of_the_standard() {
        // The check value of the CRC catalogue.
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        assert_eq!(checksum(b""), 0);
    }
}
