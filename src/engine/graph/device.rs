//! The processor that runs the graphs, as the operator chooses it.

use std::fmt;
use std::str::FromStr;

/// The chosen device; `Ort` tells which one is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The first CUDA device where the ONNX Runtime library can use one, else the CPU.
    Auto,
    Cpu,
    /// The CUDA device of this number, and no other.
    Cuda(u32),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbered = |n: &str| n.parse().ok().map(Device::Cuda);
        match text {
            "auto" => Some(Device::Auto),
            "cpu" => Some(Device::Cpu),
            "cuda" => Some(Device::Cuda(0)),
            other => other.strip_prefix("cuda:").and_then(numbered),
        }
        .ok_or_else(|| {
            format!("option device is {text:?}; auto, cpu, cuda and cuda:N are accepted")
        })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Auto => f.write_str("auto"),
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_they_are_written() {
        for text in ["auto", "cpu", "cuda:0", "cuda:7"] {
            assert_eq!(text.parse::<Device>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        for wrong in ["", "CPU", "cuda:", "cuda:-1", "cuda:x", "rocm"] {
            let sentence = wrong.parse::<Device>().unwrap_err();
            assert!(sentence.contains("cuda:N"), "{sentence}");
        }
    }
}
