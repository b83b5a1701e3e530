//! The processor: which features it shows, of those that the kernels of the models use.

use std::fs;

use super::finding::Findings;

const SUBJECT: &str = "processor";

/// Where the kernel lists processors and their features; in a virtual machine, those that it may use.
const CPUINFO: &str = "/proc/cpuinfo";

/// Features that the kernels use where they are there: their name in the list, and here.
const FEATURES: [(&str, &str); 10] = [
    ("avx2", "AVX2"),
    ("fma", "FMA"),
    ("f16c", "F16C"),
    ("avx512f", "AVX-512"),
    ("avx512_vnni", "AVX-512 VNNI"),
    ("avx_vnni", "AVX-VNNI"),
    ("amx_int8", "AMX"),
    ("asimd", "NEON"),
    ("asimddp", "NEON dot products"),
    ("i8mm", "NEON matrix products"),
];
/// Each of these computes 8-bit products in one step.
const DOT_PRODUCTS: [&str; 4] = ["avx512_vnni", "avx_vnni", "asimddp", "amx_int8"];
/// Of each of the two architectures, the feature without which models compute several times slower.
const NEEDED: [&str; 2] = ["avx2", "asimd"];

/// Looks at the processor, of which this process may use so many `cores`.
pub fn look(findings: &mut Findings, cores: usize) {
    let listed = match fs::read_to_string(CPUINFO) {
        Ok(listed) => listed,
        Err(error) => {
            let found = format!("{CPUINFO} cannot be read: {error}");
            return findings.warn(SUBJECT, found, "mount /proc");
        }
    };
    let field = |names: [&str; 2]| {
        let mut pairs = listed.lines().filter_map(|line| line.split_once(':'));
        pairs
            .find(|(name, _)| names.contains(&name.trim()))
            .map(|(_, value)| value.trim())
    };
    let flags: Vec<&str> = field(["flags", "Features"])
        .unwrap_or("")
        .split(' ')
        .collect();
    let name = field(["model name", "CPU part"]).unwrap_or("unknown model");
    let shown = FEATURES.iter().filter(|(flag, _)| flags.contains(flag));
    let shown: Vec<&str> = shown.map(|(_, name)| *name).collect();
    let shown = match shown.is_empty() {
        true => "none of the features that the kernels use".to_owned(),
        false => shown.join(", "),
    };
    let found = format!("{name}, {cores} cores for this process, {shown}");
    if !NEEDED.iter().any(|flag| flags.contains(flag)) {
        return findings.warn(
            SUBJECT,
            format!("{found}: without AVX2 (x86-64) or NEON (ARM64) models compute several times slower"),
            "use a processor of 2013 or later; in a virtual machine, pass the host's features on (cpu host)",
        );
    }
    if cores < 2 {
        let remedy = "give the process at least two cores: speaking and transcribing else wait for each other";
        return findings.warn(SUBJECT, found, remedy);
    }
    let has_products = DOT_PRODUCTS.iter().any(|flag| flags.contains(flag));
    let products = match has_products {
        true => "8-bit products in one step",
        false => "8-bit products without VNNI, in more steps",
    };
    findings.ok(SUBJECT, format!("{found}; {products}"));
}
