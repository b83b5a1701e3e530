//! The log: to standard error, one line a record, as text or as JSON. The fields of a record follow its message.
//!
//! A server's lines wait in a [`LogQueue`], so that it never waits for a reader of its log; a command writes them itself.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use log::kv::{Error, Key, Value, VisitSource, VisitValue};
use log::{Level, LevelFilter, Log, Metadata, Record};
use serde_json::json;

use super::log_queue::{LogQueue, LogSink};
use crate::config::{Common, LogFormat, LogLevel};
use crate::end;
use crate::limits::LOG_FLUSH_MS;
use crate::store::Utc;

/// The lines of a server.
static QUEUE: OnceLock<Arc<LogQueue>> = OnceLock::new();
/// The log of this process.
static LINE_LOG: OnceLock<LineLog> = OnceLock::new();

/// Starts the log. Commands that print results log only warnings and errors by default. The error says that a server's log
/// got no thread.
pub fn start(common: &Common, is_server: bool) -> std::io::Result<()> {
    let asked = LevelFilter::from(common.settings.log_level);
    let level = match is_server || asked > LevelFilter::Info {
        true => asked,
        false => asked.min(LevelFilter::Warn),
    };
    let line = match common.settings.log_format {
        LogFormat::Text => text,
        LogFormat::Json => json,
    };
    if is_server {
        let queue = LogQueue::start(LogSink {
            writer: Box::new(std::io::stderr()),
            missing: match common.settings.log_format {
                LogFormat::Text => |count, why| missing(text, count, why),
                LogFormat::Json => |count, why| missing(json, count, why),
            },
        })?;
        let _ = QUEUE.set(queue);
        end::before(finish);
    }
    let line_log = LINE_LOG.get_or_init(|| LineLog {
        filter: RwLock::new(filter(level)),
        line,
    });
    // It fails only when a log was started before.
    let _ = log::set_logger(line_log);
    log::set_max_level(line_log.filter().filter());
    Ok(())
}

/// Logs records of this level and above from now on.
pub fn set_level(level: LogLevel) {
    if let Some(line_log) = LINE_LOG.get() {
        *line_log
            .filter
            .write()
            .unwrap_or_else(PoisonError::into_inner) = filter(level.into());
        log::set_max_level(line_log.filter().filter());
    }
}

fn filter(level: LevelFilter) -> env_logger::Logger {
    env_logger::Builder::new()
        // Libraries may log their input, and texts of clients must not reach the log.
        .filter_level(LevelFilter::Warn.min(level))
        .filter_module("vocabox", level)
        // symphonia warns of the first four bytes of every MP4 file, and calls a client's wrong file an error: the line of
        // the request has the reason.
        .filter_module("symphonia", LevelFilter::Off)
        .build()
}

/// Writes a line to standard error, after those that wait. That it cannot be written is no error of a program's work.
pub fn say(line: &str) {
    match QUEUE.get() {
        Some(queue) => queue.add(line.to_owned()),
        None => {
            let line = format!("{line}\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    }
}

/// Waits until a server's log is written, for a bounded time.
pub fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(Duration::from_millis(LOG_FLUSH_MS));
    }
}

/// Logs a server's panic, which must not wait for a reader of standard error, either. False where no server runs.
pub fn log_panic(panic: &PanicHookInfo<'_>) -> bool {
    let is_server = QUEUE.get().is_some();
    if is_server {
        let backtrace = std::backtrace::Backtrace::capture();
        log::error!("{panic} {backtrace}");
        // No other thread waits for it, and the process may end now.
        if std::thread::current().name() == Some("main") {
            finish();
        }
    }
    is_server
}

/// Writes the records that a filter lets pass, as lines.
struct LineLog {
    filter: RwLock<env_logger::Logger>,
    line: fn(&Record) -> String,
}

impl LineLog {
    fn filter(&self) -> RwLockReadGuard<'_, env_logger::Logger> {
        self.filter.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for LineLog {
    fn enabled(&self, metadata: &Metadata) -> bool {
        self.filter().enabled(metadata)
    }

    fn log(&self, record: &Record) {
        if self.filter().matches(record) {
            say(&(self.line)(record));
        }
    }

    fn flush(&self) {
        finish();
    }
}

/// The line that says how many lines were dropped.
fn missing(line: fn(&Record) -> String, count: u64, why: &str) -> String {
    line(
        &Record::builder()
            .level(Level::Warn)
            .args(format_args!(
                "{count} lines of the log are missing here, because it could not be written: {why}"
            ))
            .build(),
    )
}

/// `2026-11-25T08:00:00.000Z INFO request id=… status=200 …`
fn text(record: &Record) -> String {
    // A record is one line, even if a library's message has several.
    let message = record.args().to_string().replace(['\n', '\r'], " ");
    let mut line = format!("{} {} {message}", Utc::now(), record.level());
    let mut write = |name: &str, value: serde_json::Value| match value {
        serde_json::Value::Null => {}
        serde_json::Value::String(word) if is_plain(&word) => {
            line.push_str(&format!(" {name}={word}"))
        }
        value => line.push_str(&format!(" {name}={value}")),
    };
    visit(record, &mut write);
    visible(&line)
}

/// One JSON object: `time`, `level`, `message`, and the record's fields.
fn json(record: &Record) -> String {
    let mut line = serde_json::Map::new();
    line.insert("time".to_owned(), json!(Utc::now()));
    line.insert("level".to_owned(), json!(record.level().as_str()));
    line.insert("message".to_owned(), json!(record.args().to_string()));
    visit(record, &mut |name, value| {
        line.insert(name.to_owned(), value);
    });
    visible(&serde_json::Value::Object(line).to_string())
}

/// `line` with JSON escapes for the characters that break lines or move a terminal's cursor and that JSON does not
/// escape: DEL, the controls from U+0080 on, and the line separators of Unicode. Logged values may come from clients.
fn visible(line: &str) -> String {
    let mut visible = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            '\u{2028}' | '\u{2029}' => visible.push_str(&escaped(character)),
            control if control.is_control() => visible.push_str(&escaped(control)),
            other => visible.push(other),
        }
    }
    visible
}

/// The JSON escape of a character of the basic plane.
fn escaped(character: char) -> String {
    format!("\\u{:04x}", u32::from(character))
}

/// Whether a value can be written without quotes.
fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && b != b'"')
}

fn visit(record: &Record, write: &mut dyn FnMut(&str, serde_json::Value)) {
    struct Fields<'w>(&'w mut dyn FnMut(&str, serde_json::Value));
    impl<'kvs> VisitSource<'kvs> for Fields<'_> {
        fn visit_pair(&mut self, name: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
            let mut field = Field(serde_json::Value::Null);
            value.visit(&mut field)?;
            (self.0)(name.as_str(), field.0);
            Ok(())
        }
    }
    // The visitors here never fail.
    let _ = record.key_values().visit(&mut Fields(write));
}

/// A field's value as JSON.
struct Field(serde_json::Value);

impl<'v> VisitValue<'v> for Field {
    fn visit_any(&mut self, value: Value) -> Result<(), Error> {
        self.0 = json!(value.to_string());
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), Error> {
        self.0 = serde_json::Value::Null;
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), Error> {
        self.0 = json!(value);
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), Error> {
        self.0 = json!(value);
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), Error> {
        self.0 = json!(value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_and_moves_no_cursor() {
        let said = "é “a”\u{85}b\u{9b}31m\u{2028}c\u{7f}\u{1b}[2J";
        let line = visible(&json!(said).to_string());
        assert!(!line.chars().any(char::is_control) && !line.contains('\u{2028}'));
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), said);
    }
}
