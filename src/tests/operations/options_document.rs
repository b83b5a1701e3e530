//! The lists of options in `src/docs/options.md` are written from the program's own table. After a change of an option,
//! `UPDATE_GOLDEN=1 cargo test --test main options_document` writes them anew.

use std::path::Path;
use std::{env, fs};

use vocabox::config::{OptionSpec, SECTIONS};
use vocabox::docs::COLUMNS_MAX;

/// What a heading of a list has before the title of its section.
const HEADING: &str = "## Options: ";
/// How an item of a list, and nothing else in its part of the document, starts.
const ITEM: &str = "- `--";

/// An option as the document has it.
fn item(option: &OptionSpec) -> String {
    let default = option.default_told().unwrap_or("off".to_owned());
    let accepted = option.accepted_told().unwrap_or_default();
    let accepted = match accepted.as_str() {
        "" => String::new(),
        told => format!(" Accepted: {told}."),
    };
    let (flag, help) = (option.flag(), option.help.trim_start());
    let text = format!("{ITEM}{flag}`: {help}. Default: {default}.{accepted}");
    wrapped(&text)
}

/// The text in lines of at most [`COLUMNS_MAX`] columns, all but the first indented as an item is.
fn wrapped(text: &str) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS_MAX {
            lines.push_str(&line);
            lines.push('\n');
            line = " ".to_owned();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines + &line + "\n"
}

/// The document with the lists as the table has them: each follows the heading of its section.
fn written(document: &str) -> String {
    let (mut text, mut rest) = (String::new(), document);
    while let Some(at) = rest.find(HEADING) {
        let body = at + rest[at..].find('\n').unwrap() + 1;
        let title = rest[at + HEADING.len()..body].trim_end();
        let section = SECTIONS.iter().find(|section| section.title == title);
        let section = section.unwrap_or_else(|| panic!("no section is {title:?}"));
        text.push_str(&rest[..body]);
        rest = rest[body..].trim_start();
        if rest.starts_with(ITEM) {
            rest = rest.split_once("\n\n").map_or("", |(_, after)| after);
        }
        text.push('\n');
        text.extend(section.options.iter().map(item));
        if !rest.is_empty() {
            text.push('\n');
        }
    }
    text + rest
}

#[test]
fn the_options_of_the_document_are_those_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/docs/options.md");
    let document = fs::read_to_string(&path).unwrap();
    let written = written(&document);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, written).unwrap();
        return;
    }
    for (kept, told) in document.lines().zip(written.lines()) {
        assert_eq!(kept, told, "UPDATE_GOLDEN=1 writes the lists anew");
    }
    assert_eq!(document, written);
    let options = SECTIONS.iter().flat_map(|section| section.options);
    assert_eq!(document.matches(ITEM).count(), options.count());
}
