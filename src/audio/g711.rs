//! G.711 (ITU-T, 1988): a byte of telephone sound → a sample, by the standard's arithmetic.

/// What A-law's bytes are combined with (even bits inverted).
const A_LAW_MASK: u8 = 0x55;
/// What µ-law adds to each value before its logarithm.
const MU_LAW_BIAS: i32 = 0x84;

/// Returns the sample of a byte of µ-law, in [−1, 1].
pub fn mu_law(byte: u8) -> f32 {
    let bits = i32::from(!byte);
    let (exponent, mantissa) = (bits >> 4 & 7, bits & 15);
    let value = (((mantissa << 3) + MU_LAW_BIAS) << exponent) - MU_LAW_BIAS;
    signed(value, bits & 0x80 != 0)
}

/// Returns the sample of a byte of A-law, in [−1, 1].
pub fn a_law(byte: u8) -> f32 {
    let bits = i32::from(byte ^ A_LAW_MASK);
    let (exponent, mantissa) = (bits >> 4 & 7, bits & 15);
    let value = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    signed(value, bits & 0x80 == 0)
}

fn signed(value: i32, is_negative: bool) -> f32 {
    let value = value as f32 / 32_768.0;
    if is_negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the standard's tables 1 and 2, scaled to 16 bits.
    #[test]
    fn bytes_are_the_values_of_the_standard() {
        let value = |sample: f32| (sample * 32_768.0) as i32;
        for (byte, expected) in [
            (0x00, -32_124),
            (0x80, 32_124),
            (0xFF, 0),
            (0x7F, 0),
            (0xFE, 8),
            (0x8F, 16_764),
        ] {
            assert_eq!(value(mu_law(byte)), expected, "{byte:#x}");
        }
        for (byte, expected) in [
            (0xD5, 8),
            (0x55, -8),
            (0xAA, 32_256),
            (0x2A, -32_256),
            (0xC5, 264),
            (0xF5, 528),
        ] {
            assert_eq!(value(a_law(byte)), expected, "{byte:#x}");
        }
    }
}
