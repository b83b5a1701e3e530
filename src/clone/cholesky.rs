//! Systems of linear equations with a symmetric positive definite matrix, by Cholesky decomposition (Golub and Van Loan
//! 2013, "Matrix Computations", section 4.2).

/// Lower bound of a diagonal element: rounding may make a positive one smaller or negative.
const DIAGONAL_MIN: f64 = 1e-12;

/// The lower triangle whose product with its transpose is the matrix, row after row.
pub struct Root(Vec<f64>);

impl Root {
    /// Decomposes the `count` × `count` matrix whose lower triangle `entry` returns by row and column.
    pub fn of(count: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let mut root = vec![0.0; row_start(count)];
        for row in 0..count {
            for column in 0..=row {
                let (above, left) = (row_start(row), row_start(column));
                let sum: f64 = (0..column).map(|k| root[above + k] * root[left + k]).sum();
                let rest = entry(row, column) - sum;
                root[above + column] = match row == column {
                    true => rest.max(DIAGONAL_MIN).sqrt(),
                    false => rest / root[left + column],
                };
            }
        }
        Root(root)
    }

    /// Solves matrix · x = rows in place; there are as many rows as in the matrix.
    pub fn solve(&self, rows: &mut [Vec<f64>]) {
        self.forward(rows);
        self.backward(rows);
    }

    /// Solves root · x = rows in place.
    pub fn forward(&self, rows: &mut [Vec<f64>]) {
        for row in 0..rows.len() {
            let (before, rest) = rows.split_at_mut(row);
            let start = row_start(row);
            for (k, known) in before.iter().enumerate() {
                let factor = self.0[start + k];
                rest[0]
                    .iter_mut()
                    .zip(known)
                    .for_each(|(x, y)| *x -= factor * y);
            }
            let diagonal = self.0[start + row];
            rest[0].iter_mut().for_each(|x| *x /= diagonal);
        }
    }

    /// Solves rootᵀ · x = rows in place.
    fn backward(&self, rows: &mut [Vec<f64>]) {
        for row in (0..rows.len()).rev() {
            let (before, after) = rows.split_at_mut(row + 1);
            for (k, known) in after.iter().enumerate() {
                let factor = self.0[row_start(row + 1 + k) + row];
                before[row]
                    .iter_mut()
                    .zip(known)
                    .for_each(|(x, y)| *x -= factor * y);
            }
            let diagonal = self.0[row_start(row) + row];
            before[row].iter_mut().for_each(|x| *x /= diagonal);
        }
    }
}

/// Index of the first element of row `row` of a lower triangle.
fn row_start(row: usize) -> usize {
    row * (row + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_times_the_matrix_is_the_right_side() {
        let matrix = [[4.0, 2.0, 0.6], [2.0, 5.0, 1.5], [0.6, 1.5, 3.8]];
        let right = [[1.0, -2.0], [0.5, 3.0], [7.0, 0.0]];
        let mut found: Vec<Vec<f64>> = right.iter().map(|r| r.to_vec()).collect();
        Root::of(3, |row, column| matrix[row][column]).solve(&mut found);
        for (row, right) in matrix.iter().zip(right) {
            for (column, right) in right.iter().enumerate() {
                let product: f64 = row.iter().zip(&found).map(|(m, x)| m * x[column]).sum();
                assert!((product - right).abs() < 1e-12, "{product} for {right}");
            }
        }
    }
}
