//! Which part of which model a graph is, told by its inputs and outputs: for graphs that come without a manifest.
//!
//! Knows the layouts that the engines feed, and of some others why they are not fed.

use crate::asr;
use crate::graph::net::{Dtype, Signature, TensorSpec};
use crate::kv_cache::{BRANCH, CROSS, HIDDEN, LOGITS, OWN};
use crate::segmentation::CLASSES_COUNT;
use crate::tts::kokoro;
use crate::tts::vits::VitsLayout;
use vocabox_audio::dsp::filter_bank::BANDS;

/// A graph's part in a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphRole {
    Kokoro,
    Vits(VitsLayout),
    /// Of a transcriber: mel bands of its features, where the graph declares them.
    SoundEncoder {
        mels: Option<usize>,
    },
    /// Of a translator.
    TextEncoder,
    Decoder(DecoderPart),
    Silero,
    /// Filter banks → a speaker's embedding of so many values, where the graph declares them.
    Speaker {
        values: Option<usize>,
    },
    /// Mel bands → a speaker's embedding.
    Ge2e,
    Pyannote,
}

/// Which tokens a decoder's graph takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecoderPart {
    /// The first ones: it makes the caches.
    First,
    /// Those after the first, one at a time.
    Later,
    /// All, by an input that tells which.
    Merged,
    /// All; the encoder gives the keys and values of what it read.
    Whole,
}

/// Returns the part that a graph with this signature has. The error is a sentence that says why no engine runs it.
pub fn role_of(signature: &Signature) -> Result<GraphRole, String> {
    let (inputs, outputs) = (&signature.inputs, &signature.outputs);
    let takes = |name: &str| inputs.iter().any(|i| i.name == name);
    let names: Vec<&str> = inputs.iter().map(|i| i.name.as_str()).collect();
    if kokoro::names(signature).is_some() {
        return Ok(GraphRole::Kokoro);
    }
    if takes("style") && takes("speed") {
        return Err(
            "it is a Kokoro whose speed is no float: only exports with a speed of f32 or f16 are fed".to_owned(),
        );
    }
    if gives(outputs, LOGITS) && (takes("input_ids") || takes("decoder_input_ids")) {
        return decoder(signature).map(GraphRole::Decoder);
    }
    if takes("input") && takes("state") && gives(outputs, "stateN") {
        return Ok(GraphRole::Silero);
    }
    if takes("input") && takes("h") && takes("c") && takes("sr") {
        return Err("it is a Silero detector before version 5, which took other inputs".to_owned());
    }
    let is_text = takes("input_ids") && inputs.len() <= 2;
    if is_text && gives(outputs, "last_hidden_state") {
        return Ok(GraphRole::TextEncoder);
    }
    if let Some(layout) = VitsLayout::of(&names)
        && outputs.first().is_some_and(is_float)
    {
        return Ok(GraphRole::Vits(layout));
    }
    match (inputs.as_slice(), outputs.first()) {
        ([input], Some(output)) if is_float(input) && is_float(output) => {
            of_sound(input, output).ok_or_else(|| unknown(signature))
        }
        _ => Err(unknown(signature)),
    }
}

/// The part of a graph with one input of floats.
fn of_sound(input: &TensorSpec, output: &TensorSpec) -> Option<GraphRole> {
    let (from, to) = (input.dims.as_slice(), output.dims.as_slice());
    let classes = to.last().copied().flatten();
    match (from, to) {
        // Before features: the sizes of a segmenter's outputs are known, or at least their last one.
        ([_, Some(1), _] | [_, _], [_, _, _]) if classes == Some(CLASSES_COUNT) => {
            Some(GraphRole::Pyannote)
        }
        ([_, _, _], [_, _, None]) if input.name == "input_values" => Some(GraphRole::Pyannote),
        ([_, mels, _], [_, _, _])
            if asr::MEL_BANDS.contains(&mels.unwrap_or(asr::MEL_BANDS[0])) =>
        {
            let named = input.name == "input_features" || mels.is_some();
            named.then_some(GraphRole::SoundEncoder { mels: *mels })
        }
        ([_, _, Some(BANDS)], [_, values]) => Some(GraphRole::Speaker { values: *values }),
        ([_, _, Some(40)], [_, Some(256)]) if input.name == "mel" => Some(GraphRole::Ge2e),
        _ => None,
    }
}

fn decoder(signature: &Signature) -> Result<DecoderPart, String> {
    let takes = |part: &str| signature.inputs.iter().any(|i| i.name.contains(part));
    let makes = |part: &str| signature.outputs.iter().any(|o| o.name.contains(part));
    let part = match () {
        _ if takes(BRANCH) => DecoderPart::Merged,
        _ if takes(OWN) && takes(CROSS) && !takes(HIDDEN) => match makes(CROSS) {
            // What a whole window's decoder takes from the encoder it never gives back.
            true => DecoderPart::Later,
            false if takes("input_ids") && signature_is_ours(signature) => DecoderPart::Whole,
            false => DecoderPart::Later,
        },
        _ if takes(HIDDEN) && makes(OWN) && !takes(OWN) => DecoderPart::First,
        _ if takes(OWN) => DecoderPart::Later,
        _ => {
            return Err(
                "it is a decoder without a key-value cache, which would compute every token anew: export it with one \
                 (optimum-cli export onnx --task automatic-speech-recognition-with-past, or text2text-generation-with-past)"
                    .to_owned(),
            );
        }
    };
    Ok(part)
}

/// Whether a decoder takes several tokens after a cache, or has a state in place of one: this project's own do.
fn signature_is_ours(signature: &Signature) -> bool {
    let is_own = |name: &str| name == "alignment_attention" || name.ends_with(".decoder.state");
    signature.outputs.iter().any(|o| is_own(&o.name))
}

fn gives(outputs: &[TensorSpec], name: &str) -> bool {
    outputs.iter().any(|o| o.name == name)
}

fn is_float(spec: &TensorSpec) -> bool {
    matches!(spec.dtype, Dtype::F32 | Dtype::F16)
}

fn unknown(signature: &Signature) -> String {
    let list = |side: &[TensorSpec]| {
        let shown = side.iter().take(6).map(TensorSpec::to_string);
        let mut shown: Vec<String> = shown.collect();
        if side.len() > shown.len() {
            shown.push(format!("and {} more", side.len() - shown.len()));
        }
        shown.join("; ")
    };
    format!(
        "no engine here is fed by a graph with the inputs {} and the outputs {}",
        list(&signature.inputs),
        list(&signature.outputs)
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::graph::onnx_head::OnnxHead;

    fn role(path: &str) -> Result<GraphRole, String> {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        role_of(&OnnxHead::read(&root.join(path)).unwrap().signature)
    }

    #[test]
    fn graphs_are_recognised_by_their_tensors() {
        let decoder = |part| Ok(GraphRole::Decoder(part));
        let encoder = |mels| Ok(GraphRole::SoundEncoder { mels: Some(mels) });
        for (path, expected) in [
            ("models/kokoro/kokoro.published.onnx", Ok(GraphRole::Kokoro)),
            (
                "models/piper-en-us-joe/joe.onnx",
                Ok(GraphRole::Vits(VitsLayout::Piper { speakers: false })),
            ),
            (
                "src/tests/data/mms.onnx",
                Ok(GraphRole::Vits(VitsLayout::Sherpa { speakers: false })),
            ),
            ("models/whisper-base/encoder.onnx", encoder(80)),
            (
                "models/whisper-base/decoder.onnx",
                decoder(DecoderPart::Whole),
            ),
            (
                "scripts/models/tiny_whisper/first.onnx",
                decoder(DecoderPart::First),
            ),
            (
                "scripts/models/tiny_whisper/past.onnx",
                decoder(DecoderPart::Later),
            ),
            (
                "scripts/models/tiny_whisper/merged.onnx",
                decoder(DecoderPart::Merged),
            ),
            (
                "scripts/models/tiny_translator/encoder.onnx",
                Ok(GraphRole::TextEncoder),
            ),
            (
                "scripts/models/tiny_translator/past.onnx",
                decoder(DecoderPart::Later),
            ),
            (
                "scripts/models/tiny_translator/first.onnx",
                decoder(DecoderPart::First),
            ),
            (
                "models/translate-pt-en/encoder.onnx",
                Ok(GraphRole::TextEncoder),
            ),
            (
                "models/translate-pt-en/decoder.onnx",
                decoder(DecoderPart::Whole),
            ),
            ("models/silero-vad/silero.onnx", Ok(GraphRole::Silero)),
            (
                "models/speaker-campplus/campplus.onnx",
                Ok(GraphRole::Speaker { values: Some(192) }),
            ),
            ("models/speaker-ge2e/speaker.onnx", Ok(GraphRole::Ge2e)),
            (
                "models/segmentation-pyannote/segmentation.onnx",
                Ok(GraphRole::Pyannote),
            ),
        ] {
            assert_eq!(role(path), expected, "{path}");
        }
        let refused = role("src/tests/data/lookup.onnx").unwrap_err();
        assert!(refused.contains("no engine here is fed"), "{refused}");
    }
}
