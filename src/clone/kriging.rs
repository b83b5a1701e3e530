//! Predicts the values at an unknown point from those at known points: Gaussian process regression (kriging).
//!
//! Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", algorithm 2.1, with one covariance for all
//! values of a point. Knows nothing of voices: points and the values at them are vectors.

use super::cholesky::Root;

/// Variance of the noise, as a share of the variance of values; it also keeps the matrix positive definite.
const NOISE: f64 = 0.02;

/// A regression on known points, ready to predict.
pub struct Regression<'a> {
    points: &'a [Vec<f32>],
    lengths: Lengths,
    mean: Vec<f64>,
    /// Cholesky root of the covariance matrix.
    root: Root,
    /// For each point, the weights of its covariance in each predicted value.
    weights: Vec<Vec<f64>>,
}

/// Length scales of the covariance, as squared distances: one for the first `split` coordinates, one for the others.
#[derive(Debug, Clone, Copy)]
pub struct Lengths {
    pub split: usize,
    pub before: f32,
    pub after: f32,
}

impl Lengths {
    fn covariance(&self, a: &[f32], b: &[f32]) -> f64 {
        let squares =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
        let before = squares(&a[..self.split], &b[..self.split]) / self.before;
        let after = squares(&a[self.split..], &b[self.split..]) / self.after;
        f64::from(-before - after).exp()
    }
}

impl<'a> Regression<'a> {
    /// A regression on at least one point; `values[i]` are the values at `points[i]`.
    pub fn new(points: &'a [Vec<f32>], values: &[Vec<f32>], lengths: Lengths) -> Self {
        let count = points.len();
        let size = values.first().map_or(0, Vec::len);
        let mut mean = vec![0.0; size];
        for value in values {
            mean.iter_mut()
                .zip(value)
                .for_each(|(m, v)| *m += f64::from(*v) / count as f64);
        }
        // The noise on the diagonal keeps the matrix positive definite.
        let root = Root::of(count, |a, b| {
            lengths.covariance(&points[a], &points[b]) + if a == b { NOISE } else { 0.0 }
        });
        let mut weights: Vec<Vec<f64>> = values
            .iter()
            .map(|value| {
                value
                    .iter()
                    .zip(&mean)
                    .map(|(v, m)| f64::from(*v) - m)
                    .collect()
            })
            .collect();
        root.solve(&mut weights);
        Regression {
            points,
            lengths,
            mean,
            root,
            weights,
        }
    }

    /// The predicted values at `point`, and the standard deviation of the prediction, 0 to 1, as a share of that of all
    /// values.
    pub fn at(&self, point: &[f32]) -> (Vec<f32>, f32) {
        let near: Vec<f64> = self
            .points
            .iter()
            .map(|p| self.lengths.covariance(p, point))
            .collect();
        let mut value = self.mean.clone();
        for (share, weights) in near.iter().zip(&self.weights) {
            value
                .iter_mut()
                .zip(weights)
                .for_each(|(v, w)| *v += share * w);
        }
        let mut part: Vec<Vec<f64>> = near.iter().map(|n| vec![*n]).collect();
        self.root.forward(&mut part);
        let known: f64 = part.iter().map(|p| p[0] * p[0]).sum();
        let unsure = (1.0 - known).max(0.0).sqrt();
        (value.into_iter().map(|v| v as f32).collect(), unsure as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: Lengths = Lengths {
        split: 1,
        before: 1.0,
        after: 1.0,
    };

    /// Points on a grid of two coordinates, with two smooth values at each.
    fn known() -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
        let points: Vec<Vec<f32>> = (0..49)
            .map(|n| vec![(n % 7) as f32 / 3.0 - 1.0, (n / 7) as f32 / 3.0 - 1.0])
            .collect();
        let values = points.iter().map(|p| truth(p)).collect();
        (points, values)
    }

    fn truth(p: &[f32]) -> Vec<f32> {
        vec![(p[0] + 0.5 * p[1]).sin(), p[0] * p[1] + 3.0]
    }

    #[test]
    fn what_lies_between_known_points_is_guessed_and_what_is_far_is_the_mean() {
        let (points, values) = known();
        let known = Regression::new(&points, &values, LENGTHS);
        for at in [[0.1, 0.2], [-0.5, 0.45], [0.8, -0.7]] {
            let (guess, unsure) = known.at(&at);
            for (guess, truth) in guess.iter().zip(truth(&at)) {
                assert!((guess - truth).abs() < 0.05, "{at:?}: {guess} for {truth}");
            }
            assert!(unsure < 0.2, "{unsure}");
        }
        let (guess, unsure) = known.at(&[40.0, 40.0]);
        assert!(
            (guess[1] - 3.0).abs() < 1e-3 && unsure > 0.99,
            "{guess:?} {unsure}"
        );
    }

    #[test]
    fn a_point_that_is_there_twice_does_no_harm() {
        let (mut points, mut values) = known();
        points.extend(points.clone());
        values.extend(values.clone());
        let known = Regression::new(&points, &values, LENGTHS);
        let (guess, unsure) = known.at(&points[10]);
        assert!((guess[0] - values[10][0]).abs() < 0.05 && unsure.is_finite());
    }
}
