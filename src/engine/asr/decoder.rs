//! The decoder: tokens in, likelihoods of the next token out, over the window that it listens to.
//!
//! The layouts of its graphs are told by their tensors' names, which are those of Hugging Face's exports:
//!
//! - ours (`scripts/models/convert_whisper.py`): one graph, and an encoder that gives the cross-attention's keys and values,
//!   `present.{layer}.encoder.key|value`;
//! - `decoder_model_merged.onnx`: one graph with an input `use_cache_branch`, whose first run makes those from
//!   `encoder_hidden_states`;
//! - `decoder_model.onnx` with `decoder_with_past_model.onnx`: a graph for the first run, another for those behind it.

use std::sync::Arc;

use crate::graph::net::{Input, Net, Signature, TensorSpec, Value};
use vocabox_base::fault::Fault;

/// What one step of `batch` hypotheses made.
pub struct Step {
    /// `[batch, vocabulary]`: for what follows each hypothesis' last token.
    pub logits: Vec<f32>,
    /// Where each new token listened, hypothesis after hypothesis; empty when not asked for or not told by the graph.
    pub attention: Vec<Attended>,
}

/// Weights of the window's frames, `[heads, frames]`, by the heads that follow speech best.
pub type Attended = Arc<[f32]>;

/// Keys and values that the self-attention has for all tokens so far, of every hypothesis.
#[derive(Default)]
pub struct Past {
    /// By the names of the graph's inputs.
    caches: Vec<(String, Cache)>,
    tokens: usize,
}

enum Cache {
    /// As the graph made it: fed back without a copy.
    Held(Box<dyn Value>),
    /// Put together here.
    Own([usize; 4], Vec<f32>),
}

/// Tensors by the names of the decoder's inputs.
type Memory = Vec<(String, Box<dyn Value>)>;

/// The decoder's graphs with the window that they listen to.
pub struct Decoder {
    /// Takes a window's first tokens, where the layout has a graph of its own for them.
    first: Option<Graph>,
    graph: Graph,
    /// What the encoder gave, and what a first run made of it.
    memory: Memory,
    /// Exports other than ours were traced with one token behind a cache.
    takes_many: bool,
    tells_attention: bool,
}

/// A graph and what it is asked for.
struct Graph {
    net: Box<dyn Net>,
    signature: Signature,
    /// Outputs that are caches, and outputs that are made of the window in a first run.
    own: Vec<String>,
    cross: Vec<String>,
}

const LOGITS: &str = "logits";
const ATTENTION: &str = "alignment_attention";
const OWN: &str = ".decoder.";
const CROSS: &str = ".encoder.";
const HIDDEN: &str = "encoder_hidden_states";
const BRANCH: &str = "use_cache_branch";

impl Past {
    /// Tokens so far.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Goes on with the hypotheses `parents`, in this order; one may be there several times.
    pub fn pick(&mut self, parents: &[usize]) -> Result<(), Fault> {
        for (_, cache) in &mut self.caches {
            let (shape, values) = match &*cache {
                Cache::Held(value) => (value.shape(), value.floats()?),
                Cache::Own(shape, values) => (shape.as_slice(), values.as_slice()),
            };
            let &[_, heads, tokens, size] = shape else {
                return Err(Fault::engine(format!("a cache of shape {shape:?}")));
            };
            let one = heads * tokens * size;
            let mut picked = Vec::with_capacity(parents.len() * one);
            for &parent in parents {
                let row = values.get(parent * one..(parent + 1) * one);
                picked.extend_from_slice(row.ok_or_else(|| Fault::internal("no such hypothesis"))?);
            }
            *cache = Cache::Own([parents.len(), heads, tokens, size], picked);
        }
        Ok(())
    }
}

/// The name of the input that the output `name` is fed to.
fn as_input(name: &str) -> String {
    match name {
        "last_hidden_state" => HIDDEN.to_owned(),
        _ => name.replacen("present.", "past_key_values.", 1),
    }
}

impl Graph {
    fn new(net: Box<dyn Net>) -> Self {
        let signature = net.signature().clone();
        let outputs = |part: &str| {
            let names = signature.outputs.iter().map(|o| o.name.clone());
            names.filter(|n| n.contains(part)).collect()
        };
        Graph {
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

    /// Runs the graph; `ids` is `[batch, S]`. Gives the outputs asked for: logits, attention, caches, what a first run
    /// makes of the window.
    fn run(
        &mut self,
        ids: (&[usize; 2], &[i64]),
        memory: &Memory,
        past: &Past,
        outputs: &[&str],
    ) -> Result<Vec<Box<dyn Value>>, Fault> {
        let &[batch, each] = ids.0;
        let is_first = past.tokens == 0;
        let positions: Vec<i64> = (past.tokens..past.tokens + each)
            .map(|p| p as i64)
            .collect();
        // The merged export wants one position of anything in place of a cache that holds nothing yet.
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
                    let cache = past.caches.iter().find(|(n, _)| n == name);
                    match (held, cache) {
                        (Some((_, value)), _) | (None, Some((_, Cache::Held(value)))) => {
                            Input::Held(&**value)
                        }
                        (None, Some((_, Cache::Own(shape, values)))) => {
                            Input::Floats(shape, values)
                        }
                        (None, None) => Input::Floats(empty, &zeros[..empty.iter().product()]),
                    }
                }
            };
            inputs.push((name, input));
        }
        self.net.run(&inputs, outputs)
    }
}

impl Decoder {
    /// Over the decoder's graph, and the one for first runs if the layout has two.
    ///
    /// Faults: `Missing` when the graphs are of no layout that is known here.
    pub fn new(net: Box<dyn Net>, first: Option<Box<dyn Net>>) -> Result<Self, Fault> {
        let (graph, first) = (Graph::new(net), first.map(Graph::new));
        let takes_many = first.is_none() && !graph.has_input(BRANCH);
        // Without a cache of its own, or with nothing that makes the cross-attention's.
        let is_known = graph.has_input(OWN)
            && graph.has_output(LOGITS)
            && (graph.has_input(CROSS) || first.is_none())
            && !(takes_many && graph.has_input(HIDDEN));
        if !is_known {
            return Err(Fault::missing(
                "The transcriber's decoder has no key-value cache, or a layout that is not known here.",
            ));
        }
        let tells = |graph: &Graph| graph.has_output(ATTENTION);
        Ok(Decoder {
            tells_attention: tells(&graph) && first.as_ref().is_none_or(tells),
            takes_many,
            first,
            graph,
            memory: Vec::new(),
        })
    }

    /// Entries of one row of logits, where the graph says so.
    pub fn vocabulary_len(&self) -> Option<usize> {
        let outputs = &self.graph.signature.outputs;
        let logits = outputs.iter().find(|o| o.name == LOGITS)?;
        logits.dims.last().copied().flatten()
    }

    /// Lets go of the window, whose keys and values take 36 MB for 30 s of the base model.
    pub fn forget(&mut self) {
        self.memory.clear();
    }

    /// Turns to a new window: the encoder's outputs by their names.
    pub fn listen(&mut self, encoded: Vec<(String, Box<dyn Value>)>) {
        let named = encoded.into_iter().map(|(name, v)| (as_input(&name), v));
        self.memory = named.collect();
    }

    /// Feeds the same number of tokens for each of `batch` hypotheses, `[batch, S]`, behind `past`, which grows by them.
    /// With `attend`, also tells where they listened. Faults: `Engine`.
    pub fn step(
        &mut self,
        tokens: &[u32],
        batch: usize,
        past: &mut Past,
        attend: bool,
    ) -> Result<Step, Fault> {
        let each = tokens.len() / batch.max(1);
        if each > 1 && past.tokens > 0 && !self.takes_many {
            return self.one_by_one(tokens, batch, past, attend);
        }
        let is_first = past.tokens == 0;
        if is_first {
            // What an earlier walk over this window made of it is made anew.
            let given = self.first.as_ref().unwrap_or(&self.graph);
            let remade: Vec<String> = given.cross.iter().map(|n| as_input(n)).collect();
            self.memory.retain(|(name, _)| !remade.contains(name));
        }
        let graph = match &mut self.first {
            Some(first) if is_first => first,
            _ => &mut self.graph,
        };
        let attend = attend && self.tells_attention;
        let (own, cross) = (graph.own.clone(), graph.cross.clone());
        let mut outputs = vec![LOGITS];
        outputs.extend(attend.then_some(ATTENTION));
        outputs.extend(own.iter().map(String::as_str));
        outputs.extend(cross.iter().filter(|_| is_first).map(String::as_str));
        let ids: Vec<i64> = tokens.iter().map(|&t| i64::from(t)).collect();
        let made = graph.run((&[batch, each], &ids), &self.memory, past, &outputs)?;
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
        past.caches.clear();
        for name in &own {
            past.caches.push((as_input(name), Cache::Held(next()?)));
        }
        past.tokens += each;
        for (name, value) in cross.iter().zip(made) {
            self.memory.push((as_input(name), value));
        }
        Ok(Step { logits, attention })
    }

    /// The same, one token of each hypothesis after the other.
    fn one_by_one(
        &mut self,
        tokens: &[u32],
        batch: usize,
        past: &mut Past,
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

/// The last position's row of logits `[batch, S, vocabulary]` for each hypothesis.
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

/// Cuts `[batch, heads, S, frames]` into tokens.
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
