//! The key-value cache of a text decoder, and the tensor names by which both kinds of decoders are recognised: those of
//! Hugging Face's exports.

use std::ops::Range;

use half::f16;

use crate::graph::net::{Input, Numbers, Value};
use vocabox_base::fault::Fault;

pub(crate) const LOGITS: &str = "logits";
/// In the names of the self-attention's caches.
pub(crate) const OWN: &str = ".decoder.";
/// In the names of the cross-attention's keys and values.
pub(crate) const CROSS: &str = ".encoder.";
/// The encoder's output as an input of the decoder.
pub(crate) const HIDDEN: &str = "encoder_hidden_states";
/// The input of a merged export that says whether the cache is used.
pub(crate) const BRANCH: &str = "use_cache_branch";

/// Row-major values of several hypotheses, `[batch, …]`.
pub(crate) enum Rows {
    /// A graph's output, fed back without a copy.
    Held(Box<dyn Value>),
    /// Values that were assembled here.
    Own(Vec<usize>, Vec<f32>),
    /// The same of 16-bit floats.
    Halves(Vec<usize>, Vec<f16>),
}

/// The decoder's state after the tokens so far, of every hypothesis.
#[derive(Default)]
pub struct KvCache {
    /// By the names of the decoder's inputs.
    pub(crate) rows: Vec<(String, Rows)>,
    pub(crate) tokens: usize,
}

impl Rows {
    fn shape(&self) -> &[usize] {
        match self {
            Rows::Held(value) => value.shape(),
            Rows::Own(shape, _) | Rows::Halves(shape, _) => shape,
        }
    }

    fn numbers(&self) -> Result<Numbers<'_>, Fault> {
        match self {
            Rows::Held(value) => value.numbers(),
            Rows::Own(_, values) => Ok(Numbers::Floats(values)),
            Rows::Halves(_, values) => Ok(Numbers::Halves(values)),
        }
    }

    /// Returns the rows `parents`, in this order. Faults: `Engine` when there is no such row.
    pub(crate) fn picked(&self, parents: &[usize]) -> Result<Rows, Fault> {
        let mut shape = self.shape().to_vec();
        let wrong = || Fault::engine("a graph made fewer rows than it was fed");
        let batch = std::mem::replace(shape.first_mut().ok_or_else(wrong)?, parents.len());
        let picked = match self.numbers()? {
            Numbers::Floats(all) => rows(all, batch, parents).map(|v| Rows::Own(shape, v)),
            Numbers::Halves(all) => rows(all, batch, parents).map(|v| Rows::Halves(shape, v)),
        };
        picked.ok_or_else(wrong)
    }

    /// Returns the entries `part` along the axis that has `all` of them. Faults: `Engine` when there is no such axis.
    pub(crate) fn part(&self, part: Range<usize>, all: usize) -> Result<Rows, Fault> {
        let mut shape = self.shape().to_vec();
        let axis = shape.iter().position(|&size| size == all);
        let axis = axis.ok_or_else(|| Fault::engine(format!("no {all} frames in {shape:?}")))?;
        let each: usize = shape[axis + 1..].iter().product();
        let part = part.start.min(all)..part.end.min(all);
        shape[axis] = part.len();
        let cut = (all * each, part.start * each..part.end * each);
        Ok(match self.numbers()? {
            Numbers::Floats(values) => Rows::Own(shape, parts(values, cut)),
            Numbers::Halves(values) => Rows::Halves(shape, parts(values, cut)),
        })
    }

    /// Returns the values as an input of a graph.
    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Rows::Held(value) => Input::Held(&**value),
            Rows::Own(shape, values) => Input::Floats(shape, values),
            Rows::Halves(shape, values) => Input::Halves(shape, values),
        }
    }
}

/// The rows `parents` of `all`, which has `batch` rows.
fn rows<T: Copy>(all: &[T], batch: usize, parents: &[usize]) -> Option<Vec<T>> {
    let one = all.len() / batch.max(1);
    let mut picked = Vec::with_capacity(parents.len() * one);
    for &parent in parents {
        picked.extend_from_slice(all.get(parent * one..(parent + 1) * one)?);
    }
    Some(picked)
}

/// The same part of each block of so many values.
fn parts<T: Copy>(values: &[T], (block, part): (usize, Range<usize>)) -> Vec<T> {
    let blocks = values.chunks_exact(block.max(1));
    let parts: Vec<&[T]> = blocks.map(|block| &block[part.clone()]).collect();
    parts.concat()
}

impl KvCache {
    /// Returns the number of tokens so far.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Continues with the hypotheses `parents`, in this order; one may occur several times. Faults: `Engine` when there
    /// is no such hypothesis.
    pub fn pick(&mut self, parents: &[usize]) -> Result<(), Fault> {
        for (_, rows) in &mut self.rows {
            *rows = rows.picked(parents)?;
        }
        Ok(())
    }
}

/// Returns the name of the input that the output `name` is fed to.
pub(crate) fn as_input(name: &str) -> String {
    match name {
        "last_hidden_state" => HIDDEN.to_owned(),
        _ => name.replacen("present.", "past_key_values.", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_taken_along_the_frames() {
        let values: Vec<f32> = (0..12).map(|v| v as f32).collect();
        let rows = Rows::Own(vec![1, 2, 3, 2], values);
        let Rows::Own(shape, values) = rows.part(1..3, 3).unwrap() else {
            panic!("its values are its own");
        };
        assert_eq!(shape, [1, 2, 2, 2]);
        assert_eq!(values, [2.0, 3.0, 4.0, 5.0, 8.0, 9.0, 10.0, 11.0]);
        assert!(rows.part(0..1, 7).is_err());
        let halves: Vec<f16> = (0..12).map(|v| f16::from_f32(v as f32)).collect();
        let rows = Rows::Halves(vec![1, 2, 2, 3], halves);
        let Rows::Halves(shape, values) = rows.part(1..3, 3).unwrap() else {
            panic!("they are not widened");
        };
        assert_eq!(shape, [1, 2, 2, 2]);
        assert_eq!(
            values.iter().map(|v| v.to_f32()).collect::<Vec<_>>(),
            [1.0, 2.0, 4.0, 5.0, 7.0, 8.0, 10.0, 11.0]
        );
    }
}
