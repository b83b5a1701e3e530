//! The direction along which a value grows: ridge regression (Hoerl and Kennard 1970) of few points in many dimensions.

use super::cholesky::Root;

/// The gradient of `values` over `points`, in standard deviations of the values. Solved in the dual form, a system of
/// as many equations as points. `held_back` is the ridge as a share of the points' mean square. There are as many
/// `values` as `points`.
pub fn slope(points: &[&[f32]], values: &[f32], held_back: f32) -> Vec<f32> {
    let count = points.len();
    let size = points.first().map_or(0, |p| p.len());
    let mean = |n: usize| points.iter().map(|p| p[n]).sum::<f32>() / count as f32;
    let middle: Vec<f32> = (0..size).map(mean).collect();
    let centred: Vec<Vec<f32>> = points
        .iter()
        .map(|p| p.iter().zip(&middle).map(|(x, m)| x - m).collect())
        .collect();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let ridge = held_back * centred.iter().map(|c| dot(c, c)).sum::<f32>() / count as f32;
    let root = Root::of(count, |a, b| {
        f64::from(dot(&centred[a], &centred[b]) + if a == b { ridge } else { 0.0 })
    });
    let average = values.iter().sum::<f32>() / count as f32;
    let square = values.iter().map(|v| (v - average).powi(2)).sum::<f32>() / count as f32;
    let spread = square.sqrt().max(f32::MIN_POSITIVE);
    let mut shares: Vec<Vec<f64>> = values
        .iter()
        .map(|v| vec![f64::from((v - average) / spread)])
        .collect();
    root.solve(&mut shares);
    let mut gradient = vec![0.0; size];
    for (share, point) in shares.iter().zip(&centred) {
        gradient
            .iter_mut()
            .zip(point)
            .for_each(|(g, p)| *g += share[0] as f32 * p);
    }
    gradient
}

/// The step by which the value with the gradient `along` grows by 1 and the value with the gradient `not_along` does
/// not change; zeros if the gradients are parallel.
pub fn step_without(along: &[f32], not_along: &[f32]) -> Vec<f32> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let share = dot(along, not_along) / dot(not_along, not_along).max(f32::MIN_POSITIVE);
    let step: Vec<f32> = along
        .iter()
        .zip(not_along)
        .map(|(a, n)| a - share * n)
        .collect();
    let length = dot(&step, &step);
    match length > 1e-12 {
        true => step.iter().map(|s| s / length).collect(),
        false => vec![0.0; along.len()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points scattered in eight dimensions; the first coordinate is one value, the sum of the first two another.
    fn points() -> Vec<Vec<f32>> {
        let mut state = 3_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..60)
            .map(|_| (0..8).map(|_| random()).collect())
            .collect()
    }

    #[test]
    fn a_value_grows_along_what_makes_it() {
        let points = points();
        let seen: Vec<&[f32]> = points.iter().map(Vec::as_slice).collect();
        let gradient = slope(
            &seen,
            &points.iter().map(|p| 5.0 * p[0] + 2.0).collect::<Vec<_>>(),
            0.01,
        );
        assert!(
            gradient[0] > 1.0 && gradient[1..].iter().all(|g| g.abs() < 0.1),
            "{gradient:?}"
        );
    }

    #[test]
    fn a_step_leaves_the_other_value_alone() {
        let points = points();
        let seen: Vec<&[f32]> = points.iter().map(Vec::as_slice).collect();
        let both = slope(
            &seen,
            &points.iter().map(|p| p[0] + p[1]).collect::<Vec<_>>(),
            0.01,
        );
        let first = slope(
            &seen,
            &points.iter().map(|p| p[0]).collect::<Vec<_>>(),
            0.01,
        );
        let step = step_without(&both, &first);
        assert!(step[1] > 0.3 && step[0].abs() < 0.1 * step[1], "{step:?}");
        assert_eq!(step_without(&both, &both), vec![0.0; 8]);
    }
}
