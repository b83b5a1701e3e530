//! Random numbers that are the same in every run, as the bounds of the tests that use them were measured with.

/// The generator of Numerical Recipes.
pub struct Dice(pub u32);

impl Dice {
    /// A random number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % bound.max(1)
    }
}
