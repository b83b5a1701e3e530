//! The graphs of a translator: a sentence in, logits of each next token of its translation out.
//!
//! The layout is recognised by the tensors' names, which are those of Hugging Face's exports:
//!
//! - this project's (`scripts/models/convert_marian.py`): an encoder that gives the cross-attention's keys and values, and a
//!   decoder with a state per layer in place of a cache, and an input `position`;
//! - `decoder_model_merged.onnx`: one graph with an input `use_cache_branch`, whose first run makes those keys and values
//!   from `encoder_hidden_states`;
//! - `decoder_model.onnx` with `decoder_with_past_model.onnx`: a graph for the first run, another for those after it.
//!
//! Each run feeds one token of each hypothesis, because exports differ in whether they take more after a cache. The
//! sentence's tensors are repeated for each hypothesis, because exports differ in whether they share them.

use std::sync::Arc;

use crate::graph::net::{Dtype, Input, Net, TensorSpec};
use crate::kv_cache::{BRANCH, CROSS, KvCache, LOGITS, OWN, Rows, as_input};
use vocabox_base::fault::Fault;

const POSITION: &str = "position";
const MASK: &str = "encoder_attention_mask";
const IDS: &str = "input_ids";

/// Tensors by the names of the decoder's inputs.
type Named = Vec<(String, Rows)>;

/// The encoder and the decoder, with the current sentence.
pub struct MarianDecoder {
    encoder: Arc<MarianGraph>,
    /// Takes the first token, where the layout has a separate graph for it.
    first: Option<Arc<MarianGraph>>,
    graph: Arc<MarianGraph>,
    /// The encoder's outputs, and what the first run made of them, `[width, …]`.
    memory: Named,
    width: usize,
    source_len: usize,
}

/// A graph with its inputs and the outputs that are requested from it.
struct MarianGraph {
    net: Arc<dyn Net>,
    inputs: Vec<TensorSpec>,
    outputs: Vec<String>,
    /// Outputs that are caches, and outputs that a first run makes of the sentence.
    own: Vec<String>,
    cross: Vec<String>,
}

impl MarianGraph {
    fn new(net: Arc<dyn Net>) -> Self {
        let signature = net.signature();
        let outputs: Vec<String> = signature.outputs.iter().map(|o| o.name.clone()).collect();
        let with = |part: &str| {
            outputs
                .iter()
                .filter(|n| n.contains(part))
                .cloned()
                .collect()
        };
        MarianGraph {
            inputs: signature.inputs.clone(),
            own: with(OWN),
            cross: with(CROSS),
            outputs,
            net,
        }
    }

    fn has_input(&self, name: &str) -> bool {
        self.inputs.iter().any(|i| i.name == name)
    }
}

impl MarianDecoder {
    /// Returns a decoder over the encoder's graph, the decoder's, and the separate graph for first runs if the layout
    /// has one.
    ///
    /// Faults: `Missing`, with the tensor in the cause, when the layout of the graphs is unknown.
    pub fn new(
        encoder: Arc<dyn Net>,
        graph: Arc<dyn Net>,
        first: Option<Arc<dyn Net>>,
    ) -> Result<Self, Fault> {
        let (encoder, graph) = (MarianGraph::new(encoder), MarianGraph::new(graph));
        let first = first.map(MarianGraph::new);
        let unknown = |why: String| {
            Fault::missing("The translator's graphs are of a layout that is not known here.")
                .because(why)
        };
        let known = |i: &&TensorSpec| i.name != IDS && i.name != "attention_mask";
        if let Some(input) = encoder.inputs.iter().find(known) {
            return Err(unknown(format!("nothing gives {}", input.name)));
        }
        let mut fed: Vec<String> = encoder.outputs.iter().map(|n| as_input(n)).collect();
        fed.extend([IDS, MASK, POSITION, BRANCH].map(str::to_owned));
        let cross: &[String] = match &first {
            Some(first) => &first.cross,
            None if graph.has_input(BRANCH) => &graph.cross,
            None => &[],
        };
        if let Some(first) = &first
            && let Some(input) = first.inputs.iter().find(|i| !fed.contains(&i.name))
        {
            return Err(unknown(format!("nothing gives {}", input.name)));
        }
        fed.extend(graph.own.iter().chain(cross).map(|n| as_input(n)));
        if let Some(input) = graph.inputs.iter().find(|i| !fed.contains(&i.name)) {
            return Err(unknown(format!("nothing gives {}", input.name)));
        }
        let is_fed_back = |output: &String| graph.has_input(&as_input(output));
        if let Some(output) = graph.own.iter().find(|o| !is_fed_back(o)) {
            return Err(unknown(format!("nothing takes {output}")));
        }
        let graphs = [Some(&graph), first.as_ref()];
        if let Some(graph) = graphs.into_iter().flatten().find(|g| {
            let makes_logits = g.outputs.iter().any(|o| o == LOGITS);
            !makes_logits || g.own.is_empty()
        }) {
            let made = graph.outputs.join(", ");
            return Err(unknown(format!("no logits or no cache among {made}")));
        }
        Ok(MarianDecoder {
            encoder: Arc::new(encoder),
            first: first.map(Arc::new),
            graph: Arc::new(graph),
            memory: Vec::new(),
            width: 1,
            source_len: 0,
        })
    }

    /// Returns the same decoder for another text: it shares the graphs and has no sentence.
    pub fn fork(&self) -> Self {
        MarianDecoder {
            encoder: Arc::clone(&self.encoder),
            first: self.first.clone(),
            graph: Arc::clone(&self.graph),
            memory: Vec::new(),
            width: 1,
            source_len: 0,
        }
    }

    /// Encodes a new sentence: its tokens, with the special tokens around them. Faults: `Engine`.
    pub fn read(&mut self, tokens: &[i64]) -> Result<(), Fault> {
        self.memory.clear();
        (self.width, self.source_len) = (1, tokens.len());
        let shape = [1, tokens.len()];
        let mask = vec![1; tokens.len()];
        let mut inputs = Vec::with_capacity(2);
        for spec in &self.encoder.inputs {
            let values = if spec.name == IDS { tokens } else { &mask };
            inputs.push((spec.name.as_str(), Input::Ints(&shape, values)));
        }
        let names: Vec<&str> = self.encoder.outputs.iter().map(String::as_str).collect();
        let made = self.encoder.net.run(&inputs, &names)?;
        let named = names.iter().map(|n| as_input(n));
        self.memory = named.zip(made.into_iter().map(Rows::Held)).collect();
        Ok(())
    }

    /// Feeds one token for each hypothesis after those in `past`, which grows by it. Returns the logits of the next
    /// token, `[tokens, vocabulary]`. Faults: `Engine`.
    pub fn step(&mut self, tokens: &[u32], past: &mut KvCache) -> Result<Vec<f32>, Fault> {
        let batch = tokens.len();
        if self.width != batch {
            for (_, rows) in &mut self.memory {
                *rows = rows.picked(&vec![0; batch])?;
            }
            self.width = batch;
        }
        let is_first = past.tokens == 0;
        let graph = match &self.first {
            Some(first) if is_first => first,
            _ => &self.graph,
        };
        let ids: Vec<i64> = tokens.iter().map(|&t| i64::from(t)).collect();
        let position = [past.tokens as i64];
        let mask = vec![1; batch * self.source_len];
        let (ids_shape, mask_shape) = ([batch, 1], [batch, self.source_len]);
        // A merged export needs one position of any value in place of an empty cache.
        let nothing = usize::from(graph.has_input(BRANCH));
        let mut blanks = Vec::with_capacity(graph.inputs.len());
        for spec in &graph.inputs {
            blanks.push(blank(spec, batch, nothing));
        }
        let mut inputs = Vec::with_capacity(graph.inputs.len());
        for (spec, blank) in graph.inputs.iter().zip(&blanks) {
            let name = spec.name.as_str();
            let input = match name {
                IDS => Input::Ints(&ids_shape, &ids),
                POSITION => Input::Ints(&[1], &position),
                MASK => Input::Ints(&mask_shape, &mask),
                BRANCH => Input::Flags(&[1], if is_first { &[false] } else { &[true] }),
                _ => {
                    let mut rows = past.rows.iter().chain(&self.memory);
                    rows.find(|(n, _)| n == name)
                        .map_or(blank, |(_, rows)| rows)
                        .input()
                }
            };
            inputs.push((name, input));
        }
        // After the first run a merged graph makes nothing more of the sentence.
        let cross: &[String] = if is_first { &graph.cross } else { &[] };
        let outputs = graph.own.iter().chain(cross).map(String::as_str);
        let outputs: Vec<&str> = [LOGITS].into_iter().chain(outputs).collect();
        let made = graph.net.run_keeping(&inputs, &outputs, 1)?;
        let mut made = made.into_iter();
        let logits = made
            .next()
            .ok_or_else(|| Fault::engine("no logits were made"))?;
        let logits = logits.floats()?.to_vec();
        past.rows.clear();
        for (name, value) in graph.own.iter().zip(made.by_ref()) {
            past.rows.push((as_input(name), Rows::Held(value)));
        }
        past.tokens += 1;
        for (name, value) in cross.iter().zip(made) {
            self.memory.push((as_input(name), Rows::Held(value)));
        }
        match logits.is_empty() || !logits.len().is_multiple_of(batch) {
            true => Err(Fault::engine("logits are not rows of one size")),
            false => Ok(logits),
        }
    }
}

/// Returns the value of an f32 input that has none yet: zeros, with `nothing` positions where the graph leaves their
/// number open.
fn blank(spec: &TensorSpec, batch: usize, nothing: usize) -> Rows {
    if spec.dtype != Dtype::F32 {
        return Rows::Own(Vec::new(), Vec::new());
    }
    let mut shape: Vec<usize> = spec.dims.iter().map(|d| d.unwrap_or(nothing)).collect();
    if let Some(first) = shape.first_mut() {
        *first = batch;
    }
    let size = shape.iter().product();
    Rows::Own(shape, vec![0.0; size])
}
