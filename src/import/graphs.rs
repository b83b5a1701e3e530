//! What each graph among the files is, and which of several variants is taken.

use super::ImportError;
use super::files::{SourceFile, SourceFiles};
use super::foreign;
use crate::engine::VitsLayout;
use crate::engine::graph::onnx_head::OnnxHead;
use crate::engine::recognition::{DecoderPart, GraphRole, role_of};

/// Endings of names by which publishers tell variants of a graph apart.
const VARIANTS: [&str; 16] = [
    "q4f16",
    "q8f16",
    "uint8f16",
    "quantized",
    "bnb4",
    "fp16",
    "uint8",
    "int8",
    "int4",
    "f16",
    "q4",
    "q8",
    "half",
    "fused",
    "optimized",
    "published",
];

/// A graph, and its part in the model.
#[derive(Debug)]
pub struct SourceGraph {
    pub file: SourceFile,
    pub head: OnnxHead,
    pub role: GraphRole,
    /// Empty for the one that is called no variant.
    pub variant: &'static str,
}

/// The graphs of one variant.
#[derive(Debug)]
pub struct SourceGraphs {
    graphs: Vec<SourceGraph>,
    /// What was left out.
    pub notes: Vec<String>,
    /// Why graphs were not recognised.
    unknown: Vec<String>,
}

/// A kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelKind {
    Kokoro,
    Vits(VitsLayout),
    Transcriber,
    Translator,
    Listener(GraphRole),
}

impl SourceGraphs {
    /// Reads the heads of all graphs. Errors: the variant `asked` is not there, one has to be chosen, or a graph of the chosen
    /// one is damaged.
    pub fn read(files: &SourceFiles, asked: Option<&str>) -> Result<Self, ImportError> {
        let (mut graphs, mut unknown, mut broken) = (Vec::new(), Vec::new(), Vec::new());
        for file in files.graphs() {
            let variant = variant_of(file);
            match OnnxHead::read(&file.path) {
                Err(why) => broken.push((variant, format!("{}: {why}", file.name))),
                Ok(head) => match role_of(&head.signature) {
                    Ok(role) => graphs.push(SourceGraph {
                        file: file.clone(),
                        head,
                        role,
                        variant,
                    }),
                    Err(why) => unknown.push(format!("{}: {why}", file.name)),
                },
            }
        }
        let mut variants: Vec<&'static str> = graphs.iter().map(|g| g.variant).collect();
        variants.extend(broken.iter().map(|(variant, _)| *variant));
        variants.sort_unstable();
        variants.dedup();
        let named: Vec<&str> = variants.iter().copied().filter(|v| !v.is_empty()).collect();
        let chosen = match (asked, variants.as_slice()) {
            (Some(asked), all) => {
                let found = all.iter().find(|v| **v == asked).copied();
                found.ok_or_else(|| {
                    ImportError::Asked(format!(
                        "--variant is {asked:?}; the files have {}",
                        match named.is_empty() {
                            true => "no variants".to_owned(),
                            false => named.join(", "),
                        }
                    ))
                })?
            }
            (None, []) => "",
            (None, [only]) => *only,
            // The plain one, whose numbers are those of the model.
            (None, ["", ..]) => "",
            (None, [first, ..]) => {
                return Err(ImportError::Asked(format!(
                    "the files have the variants {}: choose one, as in --variant {first}",
                    named.join(", ")
                )));
            }
        };
        if let Some((_, why)) = broken.into_iter().find(|(variant, _)| *variant == chosen) {
            return Err(ImportError::Refused(why));
        }
        let mut notes = Vec::new();
        let others: Vec<&str> = named.iter().copied().filter(|v| *v != chosen).collect();
        if asked.is_none() && !others.is_empty() {
            notes.push(format!(
                "the files also have the variants {}: --variant chooses one",
                others.join(", ")
            ));
        }
        // What a variant has no graph of its own for, it shares with the plain one.
        let own: Vec<GraphRole> = of_variant(&graphs, chosen).map(|g| g.role).collect();
        graphs.retain(|g| {
            g.variant == chosen || (g.variant.is_empty() && !own.iter().any(|r| same(*r, g.role)))
        });
        Ok(SourceGraphs {
            graphs,
            notes,
            unknown,
        })
    }

    /// The kind of model that the graphs make. Errors: none that is known, with the reason.
    pub fn kind(&self, files: &SourceFiles) -> Result<ModelKind, ImportError> {
        let has = |fits: &dyn Fn(GraphRole) -> bool| self.graphs.iter().any(|g| fits(g.role));
        let has_decoder = has(&|r| matches!(r, GraphRole::Decoder(_)));
        let vits = self.graphs.iter().find_map(|g| match g.role {
            GraphRole::Vits(layout) => Some(layout),
            _ => None,
        });
        if has(&|r| r == GraphRole::Kokoro) {
            return Ok(ModelKind::Kokoro);
        }
        if let Some(layout) = vits {
            return Ok(ModelKind::Vits(layout));
        }
        let has_sound = has(&|r| matches!(r, GraphRole::SoundEncoder { .. }));
        let has_text = has(&|r| r == GraphRole::TextEncoder);
        match (has_decoder, has_sound, has_text) {
            (true, true, _) => return Ok(ModelKind::Transcriber),
            (true, false, true) => return Ok(ModelKind::Translator),
            (true, false, false) if files.only.is_none() => {
                return Err(ImportError::Refused(format!(
                    "{} is a decoder, and its encoder is missing{}",
                    self.graphs[0].file.name,
                    self.why_unknown()
                )));
            }
            (false, true, _) | (false, _, true) if files.only.is_none() => {
                return Err(ImportError::Refused(format!(
                    "{} is an encoder, and its decoder is missing{}",
                    self.graphs[0].file.name,
                    self.why_unknown()
                )));
            }
            (true, ..) | (_, true, _) | (.., true) => {
                return Err(ImportError::Refused(
                    "the file is one graph of several: name the folder that has all of them"
                        .to_owned(),
                ));
            }
            (false, false, false) => {}
        }
        let listener = self.graphs.first().map(|g| g.role);
        listener.map(ModelKind::Listener).ok_or_else(|| {
            let graph = self.unknown.first().cloned();
            graph.map_or_else(|| foreign::refusal(files), ImportError::Refused)
        })
    }

    /// The name of the first graph without its ending.
    pub fn stem(&self) -> String {
        let name = self.graphs.first().map_or("", |g| g.file.base());
        name.strip_suffix(".onnx").unwrap_or(name).to_owned()
    }

    fn why_unknown(&self) -> String {
        let why = self.unknown.first();
        why.map_or(String::new(), |why| format!(" ({why})"))
    }

    /// The graph with this role. Errors: there are several, of which one has to be named.
    pub fn one(
        &self,
        is_it: impl Fn(GraphRole) -> bool,
    ) -> Result<Option<&SourceGraph>, ImportError> {
        let mut fitting = self.graphs.iter().filter(|g| is_it(g.role));
        let first = fitting.next();
        match (first, fitting.next()) {
            (Some(first), Some(second)) => Err(ImportError::Asked(format!(
                "{} and {} are the same part of a model: name the file that you want, or move the other one away",
                first.file.name, second.file.name
            ))),
            _ => Ok(first),
        }
    }

    /// The decoder: the graph for all tokens or for those after the first, and in the second case that for the first ones.
    /// Errors: a part is missing, or there are several of one.
    pub fn decoder(&self) -> Result<(&SourceGraph, Option<&SourceGraph>), ImportError> {
        let part = |part: DecoderPart| self.one(|role| role == GraphRole::Decoder(part));
        for whole in [DecoderPart::Whole, DecoderPart::Merged] {
            if let Some(graph) = part(whole)? {
                return Ok((graph, None));
            }
        }
        match (part(DecoderPart::Later)?, part(DecoderPart::First)?) {
            (Some(later), Some(first)) => Ok((later, Some(first))),
            (Some(later), None) => Err(ImportError::Refused(format!(
                "{} takes the tokens after the first: decoder_model.onnx, which takes the first ones, is missing",
                later.file.name
            ))),
            (None, Some(first)) => Err(ImportError::Refused(format!(
                "{} takes the first tokens: decoder_with_past_model.onnx, which takes those after them, is missing",
                first.file.name
            ))),
            (None, None) => Err(ImportError::Refused("the decoder is missing".to_owned())),
        }
    }
}

fn of_variant<'a>(
    graphs: &'a [SourceGraph],
    variant: &'a str,
) -> impl Iterator<Item = &'a SourceGraph> {
    graphs.iter().filter(move |g| g.variant == variant)
}

/// Whether two graphs are the same part: decoders of any kind are.
fn same(a: GraphRole, b: GraphRole) -> bool {
    let is_decoder = |role| matches!(role, GraphRole::Decoder(_));
    std::mem::discriminant(&a) == std::mem::discriminant(&b) || (is_decoder(a) && is_decoder(b))
}

/// The variant that a file's name tells: what is after its last `_`, `-` or `.`.
fn variant_of(file: &SourceFile) -> &'static str {
    let base = file.base().to_ascii_lowercase();
    let stem = base.strip_suffix(".onnx").unwrap_or(&base);
    let is_it = |variant: &&&str| {
        let before = stem.strip_suffix(**variant);
        before.is_some_and(|b| b.ends_with(['_', '-', '.']))
    };
    VARIANTS.iter().find(is_it).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_told_by_the_ends_of_names() {
        let named = |name: &str| {
            variant_of(&SourceFile {
                path: name.into(),
                name: name.to_owned(),
                size: 0,
            })
        };
        for (name, variant) in [
            ("onnx/encoder_model_fp16.onnx", "fp16"),
            ("decoder_model_merged_q4f16.onnx", "q4f16"),
            ("kokoro-v1.0.int8.onnx", "int8"),
            ("model_quantized.onnx", "quantized"),
            ("model.onnx", ""),
            ("decoder_with_past_model.onnx", ""),
        ] {
            assert_eq!(named(name), variant, "{name}");
        }
    }
}
