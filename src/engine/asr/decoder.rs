//! Whisper's decoder: tokens in, logits of the next token out, with cross-attention to the current window.
//!
//! The layout of the graphs is recognised by their tensors' names, which are those of Hugging Face's exports:
//!
//! - this project's (`scripts/models/convert_whisper.py`): one graph, and an encoder that gives the cross-attention's keys and
//!   values, `present.{layer}.encoder.key|value`;
//! - `decoder_model_merged.onnx`: one graph with an input `use_cache_branch`, whose first run makes those keys and values from
//!   `encoder_hidden_states`;
//! - `decoder_model.onnx` with `decoder_with_past_model.onnx`: a graph for the first run, another for those after it.

use std::ops::Range;
use std::sync::Arc;

use crate::graph::net::{Input, Net, Signature, TensorSpec, Value};
use crate::kv_cache::{BRANCH, CROSS, HIDDEN, KvCache, LOGITS, OWN, Rows, as_input};
use vocabox_base::fault::Fault;

/// The result of one step of `batch` hypotheses.
pub struct Step {
    /// `[batch, vocabulary]`: logits of the token after each hypothesis' last one.
    pub logits: Vec<f32>,
    /// The attention of each new token, hypothesis after hypothesis; empty when not requested or not an output of the
    /// graph.
    pub attention: Vec<Attended>,
}

/// Attention weights over the window's frames, `[heads, frames]`, of the heads that follow speech best.
pub type Attended = Arc<[f32]>;

/// Tensors by the names of the decoder's inputs.
type Memory = Vec<(String, Rows)>;

/// The decoder's graphs with the window that they attend to.
pub struct WhisperDecoder {
    /// Takes a window's first tokens, where the layout has a separate graph for them.
    first: Option<Arc<WhisperGraph>>,
    graph: Arc<WhisperGraph>,
    /// The encoder's outputs, and what the first run made of them.
    memory: Memory,
    /// Whether a step after the first may have several tokens; other exports were traced with one token after a cache.
    takes_many: bool,
    tells_attention: bool,
}

/// A graph with its signature and the outputs that are requested from it.
struct WhisperGraph {
    net: Arc<dyn Net>,
    signature: Signature,
    /// Outputs that are caches, and outputs that a first run makes of the window.
    own: Vec<String>,
    cross: Vec<String>,
}

const ATTENTION: &str = "alignment_attention";

impl WhisperGraph {
    fn new(net: Arc<dyn Net>) -> Self {
        let signature = net.signature().clone();
        let outputs = |part: &str| {
            let names = signature.outputs.iter().map(|o| o.name.clone());
            names.filter(|n| n.contains(part)).collect()
        };
        WhisperGraph {
            own: outputs(OWN),
            cross: outputs(CROSS),
            signature,
            net,
        }
    }

    fn has_input(&self, part: &str) -> bool {
        self.signature.inputs.iter().any(|i| i.name.contains(part))
    }

    fn has_output(&self, name: &str) -> bool {
        self.signature.outputs.iter().any(|o| o.name == name)
    }

    /// Runs the graph; `ids` is `[batch, S]`. Returns the requested outputs: logits, attention, caches, and what a
    /// first run makes of the window. Those from the number `copied` on are only fed back.
    fn run(
        &self,
        ids: (&[usize; 2], &[i64]),
        memory: &Memory,
        past: &KvCache,
        outputs: &[&str],
        copied: usize,
    ) -> Result<Vec<Box<dyn Value>>, Fault> {
        let &[batch, each] = ids.0;
        let is_first = past.tokens == 0;
        let positions: Vec<i64> = (past.tokens..past.tokens + each)
            .map(|p| p as i64)
            .collect();
        // The merged export needs one position of any value in place of an empty cache.
        let nothing = usize::from(self.has_input(BRANCH));
        let empty = |spec: &TensorSpec| {
            let size = |at: usize| spec.dims.get(at).copied().flatten().unwrap_or(1);
            [batch, size(1), nothing, size(3)]
        };
        let empties: Vec<_> = self.signature.inputs.iter().map(empty).collect();
        let largest = empties.iter().map(|s| s.iter().product()).max();
        let zeros = vec![0.0; largest.unwrap_or(0)];
        let mut inputs = Vec::with_capacity(empties.len());
        for (spec, empty) in self.signature.inputs.iter().zip(&empties) {
            let name = spec.name.as_str();
            let input = match name {
                "input_ids" | "decoder_input_ids" => Input::Ints(ids.0, ids.1),
                "cache_position" => Input::Ints(std::slice::from_ref(&each), &positions),
                BRANCH => Input::Flags(&[1], if is_first { &[false] } else { &[true] }),
                _ => {
                    let held = memory.iter().find(|(n, _)| n == name);
                    let cache = past.rows.iter().find(|(n, _)| n == name);
                    match (held, cache) {
                        (Some((_, rows)), _) | (None, Some((_, rows))) => rows.input(),
                        (None, None) => Input::Floats(empty, &zeros[..empty.iter().product()]),
                    }
                }
            };
            inputs.push((name, input));
        }
        self.net.run_keeping(&inputs, outputs, copied)
    }
}

impl WhisperDecoder {
    /// Returns a decoder over the decoder's graph, and the separate graph for first runs if the layout has one.
    ///
    /// Faults: `Missing` when the layout of the graphs is unknown.
    pub fn new(net: Arc<dyn Net>, first: Option<Arc<dyn Net>>) -> Result<Self, Fault> {
        let (graph, first) = (WhisperGraph::new(net), first.map(WhisperGraph::new));
        let takes_many = first.is_none() && !graph.has_input(BRANCH);
        // Without a cache, or with nothing that makes the cross-attention's.
        let is_known = graph.has_input(OWN)
            && graph.has_output(LOGITS)
            && (graph.has_input(CROSS) || first.is_none())
            && !(takes_many && graph.has_input(HIDDEN));
        if !is_known {
            return Err(Fault::missing(
                "The transcriber's decoder has no key-value cache, or a layout that is not known here.",
            ));
        }
        let tells = |graph: &WhisperGraph| graph.has_output(ATTENTION);
        Ok(WhisperDecoder {
            tells_attention: tells(&graph) && first.as_ref().is_none_or(tells),
            takes_many,
            first: first.map(Arc::new),
            graph: Arc::new(graph),
            memory: Vec::new(),
        })
    }

    /// Returns the length of a row of logits, where the graph declares it.
    pub fn vocabulary_len(&self) -> Option<usize> {
        let outputs = &self.graph.signature.outputs;
        let logits = outputs.iter().find(|o| o.name == LOGITS)?;
        logits.dims.last().copied().flatten()
    }

    /// Returns the same decoder for another recording: it shares the graphs and has no window.
    pub fn fork(&self) -> Self {
        WhisperDecoder {
            first: self.first.clone(),
            graph: Arc::clone(&self.graph),
            memory: Vec::new(),
            takes_many: self.takes_many,
            tells_attention: self.tells_attention,
        }
    }

    /// Drops the window, whose keys and values take 36 MB for 30 s of the base model.
    pub fn forget(&mut self) {
        self.memory.clear();
    }

    /// Sets a new window: the encoder's outputs with their names.
    pub fn listen(&mut self, encoded: Vec<(String, Box<dyn Value>)>) {
        let named = encoded.into_iter();
        let named = named.map(|(name, v)| (as_input(&name), Rows::Held(v)));
        self.memory = named.collect();
    }

    /// Returns a decoder that attends to the frames `part` of the window's `all` only. Faults: `Engine`.
    pub fn part(&self, part: Range<usize>, all: usize) -> Result<Self, Fault> {
        let mut decoder = self.fork();
        for (name, rows) in &self.memory {
            let rows = rows.part(part.clone(), all)?;
            decoder.memory.push((name.clone(), rows));
        }
        Ok(decoder)
    }

    /// Feeds the same number of tokens for each of `batch` hypotheses, `[batch, S]`, after those in `past`, which grows
    /// by them. With `attend`, also returns their attention. Faults: `Engine`.
    pub fn step(
        &mut self,
        tokens: &[u32],
        batch: usize,
        past: &mut KvCache,
        attend: bool,
    ) -> Result<Step, Fault> {
        let each = tokens.len() / batch.max(1);
        if each > 1 && past.tokens > 0 && !self.takes_many {
            return self.one_by_one(tokens, batch, past, attend);
        }
        let is_first = past.tokens == 0;
        if is_first {
            // The outputs that an earlier decoding of this window made of it are made anew.
            let given = self.first.as_ref().unwrap_or(&self.graph);
            let remade: Vec<String> = given.cross.iter().map(|n| as_input(n)).collect();
            self.memory.retain(|(name, _)| !remade.contains(name));
        }
        let graph = match &self.first {
            Some(first) if is_first => first,
            _ => &self.graph,
        };
        let attend = attend && self.tells_attention;
        let (own, cross) = (graph.own.clone(), graph.cross.clone());
        let mut outputs = vec![LOGITS];
        outputs.extend(attend.then_some(ATTENTION));
        let copied = outputs.len();
        outputs.extend(own.iter().map(String::as_str));
        outputs.extend(cross.iter().filter(|_| is_first).map(String::as_str));
        let ids: Vec<i64> = tokens.iter().map(|&t| i64::from(t)).collect();
        let made = graph.run((&[batch, each], &ids), &self.memory, past, &outputs, copied)?;
        let mut made = made.into_iter();
        let mut next = || {
            made.next()
                .ok_or_else(|| Fault::engine("an output is missing"))
        };
        let logits = last_rows(&*next()?, batch)?;
        let attention = match attend {
            true => attended(&*next()?)?,
            false => Vec::new(),
        };
        past.rows.clear();
        for name in &own {
            past.rows.push((as_input(name), Rows::Held(next()?)));
        }
        past.tokens += each;
        for (name, value) in cross.iter().zip(made) {
            self.memory.push((as_input(name), Rows::Held(value)));
        }
        Ok(Step { logits, attention })
    }

    /// As [`WhisperDecoder::step`], one token of each hypothesis at a time.
    fn one_by_one(
        &mut self,
        tokens: &[u32],
        batch: usize,
        past: &mut KvCache,
        attend: bool,
    ) -> Result<Step, Fault> {
        let each = tokens.len() / batch;
        let mut steps = Vec::with_capacity(each);
        for at in 0..each {
            let column: Vec<u32> = tokens.iter().skip(at).step_by(each).copied().collect();
            steps.push(self.step(&column, batch, past, attend)?);
        }
        let logits = steps.last_mut().map(|s| std::mem::take(&mut s.logits));
        debug_assert!(batch == 1 || !attend, "rows would come token after token");
        let attention = steps.into_iter().flat_map(|s| s.attention).collect();
        Ok(Step {
            logits: logits.unwrap_or_default(),
            attention,
        })
    }
}

/// Returns the last position's row of the logits `[batch, S, vocabulary]` for each hypothesis.
fn last_rows(logits: &dyn Value, batch: usize) -> Result<Vec<f32>, Fault> {
    let vocabulary = logits.shape().last().copied().unwrap_or(0);
    let all = logits.floats()?;
    if vocabulary == 0 || all.len() < batch * vocabulary {
        return Err(Fault::engine(format!(
            "logits of shape {:?}",
            logits.shape()
        )));
    }
    let rows = all.chunks_exact(all.len() / batch);
    Ok(rows
        .flat_map(|row| &row[row.len() - vocabulary..])
        .copied()
        .collect())
}

/// Splits `[batch, heads, S, frames]` by tokens.
fn attended(value: &dyn Value) -> Result<Vec<Attended>, Fault> {
    let &[batch, heads, tokens, frames] = value.shape() else {
        return Err(Fault::engine(format!(
            "attention of shape {:?}",
            value.shape()
        )));
    };
    let all = value.floats()?;
    let mut rows = Vec::with_capacity(batch * tokens);
    for hypothesis in 0..batch {
        for token in 0..tokens {
            let head =
                |h: usize| &all[((hypothesis * heads + h) * tokens + token) * frames..][..frames];
            rows.push((0..heads).flat_map(head).copied().collect());
        }
    }
    Ok(rows)
}
