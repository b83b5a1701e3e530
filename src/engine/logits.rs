//! Functions of a row of logits that text decoders share.

/// Returns the natural logarithm of the sum of the entries' exponentials; −∞ where all entries are −∞.
pub(crate) fn log_sum(row: &[f32]) -> f32 {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if max == f32::NEG_INFINITY {
        return max;
    }
    max + row.iter().map(|x| (x - max).exp()).sum::<f32>().ln()
}

/// Returns the continuations of the hypotheses with these `totals`, likeliest first: the hypothesis' number, the token,
/// and the sum of logarithms with that token. Each row of `logits` gives at most `count`. `normaliser` excludes tokens
/// from the row of a hypothesis and returns the logarithm by which the row is normalised.
pub(crate) fn continuations(
    logits: &mut [f32],
    totals: impl ExactSizeIterator<Item = f32>,
    count: usize,
    mut normaliser: impl FnMut(usize, &mut [f32]) -> f32,
) -> Vec<(usize, u32, f32)> {
    let mut next = Vec::with_capacity(totals.len() * count);
    let size = logits.len() / totals.len();
    for (at, (row, total)) in logits.chunks_exact_mut(size).zip(totals).enumerate() {
        let all = normaliser(at, row);
        let likely = largest(row, count).into_iter();
        next.extend(likely.map(|t| (at, t, total + row[t as usize] - all)));
    }
    next.sort_by(|a, b| b.2.total_cmp(&a.2));
    next
}

/// Returns the indices of the `count` largest entries above −∞, largest first.
fn largest(row: &[f32], count: usize) -> Vec<u32> {
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
    fn continuations_of_all_hypotheses_are_ordered_by_their_sums() {
        let mut logits = [0.0, 1.0, 3.0, 2.0];
        let totals = [-1.0, -4.0].into_iter();
        let next = continuations(&mut logits, totals, 2, |at, row| {
            if at == 0 {
                row[0] = f32::NEG_INFINITY;
            }
            1.0
        });
        assert_eq!(next, [(0, 1, -1.0), (1, 0, -2.0), (1, 1, -3.0)]);
    }

    #[test]
    fn the_sum_is_of_the_exponentials_and_does_not_overflow() {
        assert!((log_sum(&[0.0, 0.0]) - 2.0_f32.ln()).abs() < 1e-6);
        assert!((log_sum(&[500.0, 500.0]) - 500.0 - 2.0_f32.ln()).abs() < 1e-3);
        assert_eq!(log_sum(&[f32::NEG_INFINITY; 2]), f32::NEG_INFINITY);
    }
}
