//! What decoders of text ask of a row of logits.

/// Natural logarithm of the sum of the entries' exponentials; −∞ where all are.
pub(crate) fn log_sum(row: &[f32]) -> f32 {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY {
        return max;
    }
    max + row.iter().map(|x| (x - max).exp()).sum::<f32>().ln()
}

/// The indices of the `count` largest entries above −∞, largest first.
pub(crate) fn largest(row: &[f32], count: usize) -> Vec<u32> {
    let mut best: Vec<u32> = Vec::with_capacity(count + 1);
    for (i, &x) in row.iter().enumerate() {
        let is_full = best.len() == count;
        if x == f32::NEG_INFINITY || (is_full && best.last().is_some_and(|&b| row[b as usize] >= x))
        {
            continue;
        }
        let at = best.partition_point(|&b| row[b as usize] >= x);
        best.insert(at, i as u32);
        best.truncate(count);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_come_first_and_impossible_ones_never() {
        let row = [1.0, 4.0, f32::NEG_INFINITY, 4.0, 2.0];
        assert_eq!(largest(&row, 3), [1, 3, 4]);
        assert_eq!(largest(&row, 9), [1, 3, 4, 0]);
    }

    #[test]
    fn the_sum_is_of_the_exponentials_and_does_not_overflow() {
        assert!((log_sum(&[0.0, 0.0]) - 2.0_f32.ln()).abs() < 1e-6);
        assert!((log_sum(&[500.0, 500.0]) - 500.0 - 2.0_f32.ln()).abs() < 1e-3);
        assert_eq!(log_sum(&[f32::NEG_INFINITY; 2]), f32::NEG_INFINITY);
    }
}
