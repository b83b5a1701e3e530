//! ByteScale added to floats.

use super::processor::for_each_processor;
use super::{ByteScale, LANES, lanes, lanes_mut};

/// Makes `out` = `values` + what `bytes` stand for, all \[rows × channels\].
pub fn add(values: &[f32], bytes: &[u8], given: ByteScale<'_>, out: &mut [f32]) {
    let zero: Vec<f32> = given.zero.iter().map(|&zero| f32::from(zero)).collect();
    add_bytes(values, bytes, given.scale, &zero, out);
}

for_each_processor! {
    fn add_bytes(values: &[f32], bytes: &[u8], scale: &[f32], zero: &[f32], out: &mut [f32]) {
        let channels = scale.len();
        let rows = values.chunks_exact(channels).zip(bytes.chunks_exact(channels));
        for ((values, bytes), out) in rows.zip(out.chunks_exact_mut(channels)) {
            for at in (0..channels).step_by(LANES) {
                let (values, bytes, out) = (lanes(values, at), lanes(bytes, at), lanes_mut(out, at));
                let (scale, zero) = (lanes(scale, at), lanes(zero, at));
                for i in 0..LANES {
                    out[i] = values[i] + scale[i] * (f32::from(bytes[i]) - zero[i]);
                }
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{ByteScale, add, add_bytes};

    /// Checks that all instruction sets make the same sum.
    pub fn same(values: &[f32], bytes: &[u8], given: ByteScale<'_>) {
        let mut first = vec![0.0; values.len()];
        add(values, bytes, given, &mut first);
        let zero: Vec<f32> = given.zero.iter().map(|&zero| f32::from(zero)).collect();
        add_bytes::all(&mut |loops| {
            let mut made = vec![1.0; values.len()];
            loops(values, bytes, given.scale, &zero, &mut made);
            assert_eq!(made, first);
        });
    }
}
