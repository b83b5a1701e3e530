//! Packets of the elementary streams in an MPEG program (ISO/IEC 13818-1 §2.4.3.6), and the times that they give.

/// Units a second of the times.
pub const UNITS: u32 = 90_000;
/// Times wrap around after so many units: 26.5 hours.
const WRAP: i64 = 1 << 33;

/// The head of a packet.
#[derive(Debug, PartialEq)]
pub struct PesHead {
    /// Bytes of the head, and of the content where the head tells it.
    pub head_bytes: usize,
    pub content_bytes: Option<usize>,
    /// When its first frame is presented.
    pub time: Option<i64>,
}

/// Returns the head at the start of `data`; none when there is none, or it is cut off.
pub fn head(data: &[u8]) -> Option<PesHead> {
    let [0, 0, 1, stream, l0, l1, flags, times, rest, ..] = *data else {
        return None;
    };
    // Padding, maps and the like have no such head, and no sound.
    let is_plain = matches!(stream, 0xBC | 0xBE | 0xBF | 0xF0..=0xF2 | 0xF8 | 0xFF);
    if is_plain || flags & 0xC0 != 0x80 {
        return None;
    }
    let head_bytes = 9 + usize::from(rest);
    let length = usize::from(u16::from_be_bytes([l0, l1])) + 6;
    let time = match (times & 0x80 != 0, data.get(9..14)) {
        (true, Some(&[a, b, c, d, e])) => Some(
            i64::from(a >> 1 & 7) << 30
                | i64::from(b) << 22
                | i64::from(c >> 1) << 15
                | i64::from(d) << 7
                | i64::from(e >> 1),
        ),
        _ => None,
    };
    Some(PesHead {
        head_bytes,
        // A length of 0 stands for one that is not told.
        content_bytes: length.checked_sub(head_bytes).filter(|_| length > 6),
        time,
    })
}

/// Returns `time` counted on from `base` where times have wrapped around.
pub fn unwrapped(time: i64, base: i64) -> i64 {
    let after = (time - base).rem_euclid(WRAP);
    // What lies more than half a round ahead lies a little behind.
    if after > WRAP / 2 {
        after - WRAP
    } else {
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_tell_times_and_lengths() {
        // A stream of MPEG audio whose first frame is presented at 1.5 s.
        let mut packet = vec![0, 0, 1, 0xC0, 0, 28, 0x80, 0x80, 5];
        let time = 135_000u64;
        packet.extend([
            0x21 | (time >> 29) as u8 & 0x0E,
            (time >> 22) as u8,
            1 | (time >> 14) as u8,
            (time >> 7) as u8,
            1 | (time << 1) as u8,
        ]);
        packet.extend([7; 20]);
        let read = head(&packet).unwrap();
        assert_eq!((read.head_bytes, read.content_bytes), (14, Some(20)));
        assert_eq!(read.time, Some(135_000));
        packet[5] = 0;
        assert_eq!(head(&packet).unwrap().content_bytes, None);
        for cut in 0..9 {
            assert_eq!(head(&packet[..cut]), None);
        }
        packet[3] = 0xBE;
        assert_eq!(head(&packet), None);
    }

    #[test]
    fn times_go_on_where_they_wrap_around() {
        assert_eq!(unwrapped(90, WRAP - 10), 100);
        assert_eq!(unwrapped(100, 40), 60);
        assert_eq!(unwrapped(40, 100), -60);
    }
}
