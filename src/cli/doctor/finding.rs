//! What the doctor has found, and how it is shown.

use serde::Serialize;

use crate::cli::output::table;

/// How bad a finding is, from the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Ok,
    Warn,
    Fail,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Severity::Ok => "OK",
            Severity::Warn => "WARN",
            Severity::Fail => "FAIL",
        }
    }

    /// The exit code of a command whose worst finding this is.
    pub fn exit_code(self) -> u8 {
        match self {
            Severity::Ok => 0,
            Severity::Warn => 1,
            Severity::Fail => 2,
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub subject: String,
    pub severity: Severity,
    /// What is there, in a sentence without a full stop.
    pub found: String,
    /// What to do; none where nothing is to be done.
    pub remedy: Option<String>,
}

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds what is as it should be.
    pub fn ok(&mut self, subject: &str, found: impl Into<String>) {
        self.add(subject, Severity::Ok, found.into(), None);
    }

    /// Adds what works and should be looked at.
    pub fn warn(&mut self, subject: &str, found: impl Into<String>, remedy: impl Into<String>) {
        self.add(subject, Severity::Warn, found.into(), Some(remedy.into()));
    }

    /// Adds what does not work.
    pub fn fail(&mut self, subject: &str, found: impl Into<String>, remedy: impl Into<String>) {
        self.add(subject, Severity::Fail, found.into(), Some(remedy.into()));
    }

    fn add(&mut self, subject: &str, severity: Severity, found: String, remedy: Option<String>) {
        self.0.push(Finding {
            subject: subject.to_owned(),
            severity,
            // One line, even if a library's message has several.
            found: found.split_whitespace().collect::<Vec<_>>().join(" "),
            remedy,
        });
    }

    /// All of them.
    pub fn all(&self) -> &[Finding] {
        &self.0
    }

    /// The worst severity.
    pub fn worst(&self) -> Severity {
        let severities = self.0.iter().map(|finding| finding.severity);
        severities.max().unwrap_or(Severity::Ok)
    }

    /// A table with the remedy of a finding in the line below it, and a last line with the counts.
    pub fn table(&self) -> String {
        let rows = self.0.iter().flat_map(|finding| {
            let row = [
                finding.severity.name().to_owned(),
                finding.subject.clone(),
                finding.found.clone(),
            ];
            let remedy = finding.remedy.iter();
            let below = remedy.map(|remedy| [String::new(), String::new(), format!("→ {remedy}")]);
            std::iter::once(row).chain(below)
        });
        let count = |severity| self.0.iter().filter(|f| f.severity == severity).count();
        format!(
            "{}\n\n{} looked at: {} warnings, {} failures",
            table(["", "SUBJECT", "FOUND"], rows),
            self.0.len(),
            count(Severity::Warn),
            count(Severity::Fail)
        )
    }
}

/// Bytes in the largest unit in which they are at least 1, with one decimal.
pub fn size(bytes: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", bytes as f64 / unit as f64),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides_the_exit_code_and_remedies_are_below_their_lines() {
        let mut findings = Findings::default();
        findings.ok("clock", "it is right");
        assert_eq!(findings.worst().exit_code(), 0);
        findings.warn("disk", "it has\n9 bytes", "make room");
        assert_eq!(findings.worst().exit_code(), 1);
        findings.fail("store", "it is gone", "restore it");
        assert_eq!(findings.worst().exit_code(), 2);
        let table = findings.table();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[2], "WARN  disk     it has 9 bytes");
        assert_eq!(lines[3], "               → make room");
        assert_eq!(lines.last(), Some(&"3 looked at: 1 warnings, 1 failures"));
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, told) in [(12, "12 bytes"), (1 << 10, "1.0 KiB"), (3 << 29, "1.5 GiB")] {
            assert_eq!(size(bytes), told);
        }
    }
}
