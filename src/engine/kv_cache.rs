//! The key-value cache of a text decoder, and the tensor names by which both kinds of decoders are recognised: those of
//! Hugging Face's exports.

use crate::graph::net::{Input, Value};
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

/// Row-major f32 values of several hypotheses, `[batch, …]`.
pub(crate) enum Rows {
    /// A graph's output, fed back without a copy.
    Held(Box<dyn Value>),
    /// Values that were assembled here.
    Own(Vec<usize>, Vec<f32>),
}

/// The decoder's state after the tokens so far, of every hypothesis.
#[derive(Default)]
pub struct KvCache {
    /// By the names of the decoder's inputs.
    pub(crate) rows: Vec<(String, Rows)>,
    pub(crate) tokens: usize,
}

impl Rows {
    /// Returns the rows `parents`, in this order. Faults: `Engine` when there is no such row.
    pub(crate) fn picked(&self, parents: &[usize]) -> Result<Rows, Fault> {
        let (shape, values) = match self {
            Rows::Held(value) => (value.shape(), value.floats()?),
            Rows::Own(shape, values) => (shape.as_slice(), values.as_slice()),
        };
        let mut shape = shape.to_vec();
        let wrong = || Fault::engine("a graph made fewer rows than it was fed");
        let batch = std::mem::replace(shape.first_mut().ok_or_else(wrong)?, parents.len());
        let one = values.len() / batch.max(1);
        let mut picked = Vec::with_capacity(parents.len() * one);
        for &parent in parents {
            let row = values.get(parent * one..(parent + 1) * one);
            picked.extend_from_slice(row.ok_or_else(wrong)?);
        }
        Ok(Rows::Own(shape, picked))
    }

    /// Returns the values as an input of a graph.
    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Rows::Held(value) => Input::Held(&**value),
            Rows::Own(shape, values) => Input::Floats(shape, values),
        }
    }
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
