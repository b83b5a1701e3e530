//! The parts of a PEM (RFC 7468).

/// The blocks with this label, each whole with its first and last line.
pub fn blocks(text: &str, label: &str) -> Vec<String> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let parts = text.split(&begin).skip(1);
    let block = |part: &str| Some(format!("{begin}{}{end}\n", &part[..part.find(&end)?]));
    parts.filter_map(block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_blocks_of_the_label_are_taken() {
        let text = "words\n-----BEGIN A-----\nxx\n-----END A-----\n-----BEGIN B-----\nyy\n-----END B-----\n\
                    -----BEGIN A-----\nzz\n-----END A-----\n-----BEGIN A-----\ncut";
        let whole = |content: &str| format!("-----BEGIN A-----\n{content}\n-----END A-----\n");
        assert_eq!(blocks(text, "A"), [whole("xx"), whole("zz")]);
        assert!(blocks(text, "C").is_empty());
    }
}
