//! What commands print: tables, JSON, and lines.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use super::CliError;

/// The value as text, `-` for none.
pub(super) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_string(), |value| value.to_string())
}

/// The value as one line of JSON.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, CliError> {
    serde_json::to_string(value).map_err(|error| CliError::Failed(error.to_string()))
}

/// A table of `rows` below `head`; each column is as wide as its widest cell, with two spaces between columns.
pub(super) fn table<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let rows: Vec<[String; N]> = std::iter::once(head.map(String::from))
        .chain(rows)
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths);
        let line: String = cells
            .map(|(cell, width)| format!("{cell:width$}  "))
            .collect();
        line.trim_end().to_string()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Prints `text` and a line end. A reader that closed the pipe early (`| head`) is not an error.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(CliError::Failed(format!(
            "cannot write the output: {error}"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["ọ̀rọ̀", "1"], ["a", "22"]].map(|row| row.map(String::from));
        let text = table(["NAME", "N"], rows.into_iter());
        assert_eq!(text, "NAME   N\nọ̀rọ̀  1\na      22");
    }
}
