//! What no engine loads as it is, told by the names of files, and what to do about it.

use super::ImportError;
use super::files::SourceFiles;

/// A format, told by a file of it, and what to do with it.
struct RefusedFormat {
    /// Whether these files are of it.
    is_it: fn(&SourceFiles) -> bool,
    advice: &'static str,
}

const FORMATS: &[RefusedFormat] = &[
    RefusedFormat {
        is_it: |files| files.called("model.bin").is_some() && files.called("config.json").is_some(),
        advice: "a CTranslate2 folder (model.bin): of a Whisper, scripts/models/convert_whisper.py of the repository makes graphs \
                 of it (convert_whisper.py model.bin config.json FOLDER), which can be imported with its tokenizer.json and \
                 config.json beside them",
    },
    RefusedFormat {
        is_it: |files| {
            files
                .files
                .iter()
                .any(|f| f.base().starts_with("campplus") && f.ends("pt"))
        },
        advice: "weights of CAM++ for PyTorch: scripts/models/convert_campplus.py of the repository makes a graph of them, which \
                 can be imported",
    },
    RefusedFormat {
        is_it: |files| {
            files.called("pytorch_model.bin").is_some() && files.called("config.yaml").is_some()
        },
        advice: "weights of pyannote for PyTorch: scripts/models/convert_segmentation.py of the repository makes a graph of those \
                 of segmentation 3.0, which can be imported",
    },
    RefusedFormat {
        is_it: |files| files.files.iter().any(|f| f.base() == "pretrained.pt"),
        advice: "weights of a GE2E encoder for PyTorch: scripts/models/convert_speaker.py of the repository makes a graph of them, \
                 which can be imported",
    },
    RefusedFormat {
        is_it: |files| {
            let named = ["model.safetensors", "pytorch_model.bin", "kokoro-v1_0.pth"];
            named.iter().any(|name| files.called(name).is_some())
                || files
                    .files
                    .iter()
                    .any(|f| f.ends("safetensors") || f.ends("pth"))
        },
        advice: "weights for PyTorch: export them as ONNX (optimum-cli export onnx --model FOLDER OUT, of Hugging Face's \
                 optimum) and import OUT",
    },
    RefusedFormat {
        is_it: |files| {
            files
                .files
                .iter()
                .any(|f| f.ends("gguf") || f.ends("ggml") || f.base().starts_with("ggml-"))
        },
        advice: "weights for ggml (whisper.cpp, llama.cpp): no engine here loads them; take the ONNX export of the same model",
    },
    RefusedFormat {
        is_it: |files| {
            files
                .files
                .iter()
                .any(|f| f.ends("ort") || f.ends("tflite") || f.ends("mlmodel") || f.ends("nemo"))
        },
        advice: "a format that no engine here loads: take the ONNX export of the same model",
    },
];

/// Why these files, among which is no graph, are not imported.
pub fn refusal(files: &SourceFiles) -> ImportError {
    let known = FORMATS.iter().find(|format| (format.is_it)(files));
    ImportError::Refused(match known {
        Some(format) => format!("{}: {}", files.stem, format.advice),
        None => format!(
            "{}: there is no .onnx file among its {} files: name the folder or file of a model in ONNX",
            files.stem,
            files.files.len()
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_told_what_to_do() {
        for (names, advice) in [
            (&["model.bin", "config.json"][..], "convert_whisper.py"),
            (&["model.safetensors", "config.json"], "optimum-cli"),
            (
                &["pytorch_model.bin", "config.yaml"],
                "convert_segmentation.py",
            ),
            (&["ggml-base.bin"], "ggml"),
            (&["film.mp4"], "no .onnx file among its 1"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for name in names {
                std::fs::write(folder.path().join(name), "x").unwrap();
            }
            let files = SourceFiles::read(folder.path()).unwrap();
            let told = refusal(&files).to_string();
            assert!(told.contains(advice), "{told}");
        }
    }
}
