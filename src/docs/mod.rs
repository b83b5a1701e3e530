//! The documents for users, embedded so that a machine without internet has them: `vocabox docs [TOPIC]` prints them.
//!
//! They are Markdown that is also readable as plain text: at most [`COLUMNS_MAX`] columns, with aligned tables. This
//! module knows nothing of the rest of the program; `src/tests/operations/documents.rs` compares the documents with the
//! program and runs their commands.

/// Columns of the widest line of a document; 100 still fit two terminal windows side by side.
pub const COLUMNS_MAX: usize = 100;

/// One document.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// The topic's name; its file is `src/docs/<name>.md`.
    pub name: &'static str,
    /// What the document is about, in one line.
    pub about: &'static str,
    /// Markdown, ending in a line end.
    pub text: &'static str,
}

/// Lists the documents: names, which are also those of the files, and what each is about.
macro_rules! topics {
    ($($name:literal: $about:literal,)+) => {
        &[$(Topic {
            name: $name,
            about: $about,
            text: include_str!(concat!($name, ".md")),
        },)+]
    };
}

/// All documents, in the order in which a new user may read them.
pub const TOPICS: &[Topic] = topics! {
    "api": "endpoints, fields and answers, with a request for each",
    "console": "the page for people: its views, and what the browser keeps",
    "openai": "the endpoints for clients of OpenAI's audio API",
    "wyoming": "Home Assistant and other clients of the Wyoming protocol",
    "realtime": "text while it is said, over a WebSocket and on the command line",
    "options": "commands, accounts and keys, every option with its default",
    "operator": "accounts and keys over HTTP and in the console, by an operator's key",
    "limits": "what is bounded, and memory and disk as measured",
    "errors": "status codes, their causes and what to do",
    "languages": "languages that are spoken and transcribed, and how well",
    "reading": "how a text is read; pronunciations, lexicons, SSML and pauses",
    "cloning": "voices made from recordings, and how similar they are",
    "dubbing": "films and recordings in another language, step by step",
    "packs": "model packs, their licences, fetching and choosing them",
    "import": "models of others as packs: what is recognised, asked for and tried",
    "install": "one file, a Debian package, containers; upgrading and removing",
    "balancer": "several servers behind HAProxy: keys in step, drained and lost servers",
    "operations": "service, health, doctor, proxy and TLS, backup, upgrade, log",
    "metrics": "counts and times for Prometheus, alerts and a dashboard",
    "benchmarks": "what was measured, compared with peers, and where the records are",
};

/// The document called `name`; none for any other name.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}
