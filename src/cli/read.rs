//! `vocabox read`: prints how a text is read, sentence by sentence, without speaking it.

use std::io::Read;

use serde::Serialize;

use super::CliError;
use super::output::{print, to_json};
use crate::config::Common;
use crate::services::lexicons::Lexicons;
use crate::text::markup::{MarkupPart, Notation, parse};
use crate::text::{self, SentenceRead};

/// Print how a text is read: one JSON object for each sentence, with its words and the letters that are skipped.
#[derive(Debug, clap::Args)]
pub struct ReadArgs {
    /// The text, or - to read it from standard input
    #[arg(value_name = "TEXT|-")]
    text: String,
    /// Code of the language that reads it
    #[arg(long, value_name = "CODE", default_value = "en-us")]
    language: String,
    /// Print the phonemes, too
    #[arg(long)]
    phonemes: bool,
}

/// A line of the output.
#[derive(Serialize)]
struct ReadLine<'a> {
    text: &'a str,
    words: &'a str,
    /// Null unless they were asked for.
    phonemes: Option<&'a str>,
    skipped: &'a str,
}

/// Reads the text, and prints each sentence as soon as it is read.
pub fn run(args: ReadArgs, common: &Common) -> Result<(), CliError> {
    let code = text::code_read(&args.language).ok_or_else(|| {
        CliError::Usage(format!(
            "--language is {:?}; {} are read",
            args.language,
            text::CODES.join(", ")
        ))
    })?;
    let text = match args.text.as_str() {
        "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|e| CliError::Failed(format!("standard input cannot be read: {e}")))?;
            text
        }
        text => text.to_owned(),
    };
    let lexicon = Lexicons::of_command(&common.settings.data_dir).of(None);
    let lexicon = lexicon.map_err(CliError::usage)?;
    for part in parse(&text, Notation::Script).map_err(CliError::failed)? {
        let MarkupPart::Speech(speech) = part else {
            continue;
        };
        // Which language a voice reads is known only where its pack is.
        let asked = speech.manner.language.as_deref().and_then(text::code_read);
        let code = asked.unwrap_or(code);
        let Some(language) = text::language(code) else {
            continue;
        };
        let marked = speech.marked(code, &lexicon).map_err(CliError::failed)?;
        for sentence in marked.sentences(language) {
            let phonemes = args.phonemes.then(|| sentence.phonemes()).transpose();
            let phonemes = phonemes.map_err(CliError::failed)?;
            print(&to_json(&line(&sentence, phonemes.as_deref()))?)?;
        }
    }
    Ok(())
}

fn line<'a>(sentence: &'a SentenceRead<'_>, phonemes: Option<&'a str>) -> ReadLine<'a> {
    ReadLine {
        text: &sentence.text,
        words: &sentence.words,
        phonemes,
        skipped: &sentence.skipped,
    }
}
