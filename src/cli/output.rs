//! What commands print: tables, JSON, and lines.

use std::io::{ErrorKind, Write};

use rustix::fs::OFlags;
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

/// Prints `text` and a line end. Errors: `PipeClosed` when the reader has closed the pipe early (`| head`), which ends the
/// command quietly.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(unwritten)
}

/// Whether the program was started with its standard output closed. Rust's start then opens `/dev/null` in its place, for
/// reading and writing, as no shell's redirection does.
pub(super) fn is_closed() -> bool {
    let out = std::io::stdout();
    let is_null = rustix::fs::fstat(&out).is_ok_and(|stat| {
        let null = rustix::fs::stat("/dev/null");
        null.is_ok_and(|null| null.st_rdev == stat.st_rdev && null.st_ino == stat.st_ino)
    });
    let is_both =
        rustix::fs::fcntl_getfl(&out).is_ok_and(|flags| flags & OFlags::RWMODE == OFlags::RDWR);
    is_null && is_both
}

/// The error of standard output that cannot be written.
pub(super) fn unwritten(error: std::io::Error) -> CliError {
    match error.kind() {
        ErrorKind::BrokenPipe => CliError::PipeClosed,
        _ => CliError::Failed(format!("cannot write the output: {error}")),
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
