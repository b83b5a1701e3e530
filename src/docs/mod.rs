//! The documents for users, embedded so that a machine without internet has them: `vocabox docs [TOPIC]` prints them.
//!
//! They are Markdown that is also good to read as it is: at most [`COLUMNS_MAX`] columns, tables aligned. Knows nothing of
//! the rest of the program; `src/tests/operations/documents.rs` compares them with it and runs their commands.

/// Columns of the widest line of a document: what a terminal of two windows side by side still shows.
pub const COLUMNS_MAX: usize = 100;

/// One document.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// What it is asked for by; its file is `src/docs/<name>.md`.
    pub name: &'static str,
    /// What it is about, in one line.
    pub about: &'static str,
    /// Markdown, ending in a line end.
    pub text: &'static str,
}

/// All documents, in the order in which a new user may read them.
pub const TOPICS: &[Topic] = &[
    Topic {
        name: "api",
        about: "endpoints, fields and answers, with a request for each",
        text: include_str!("api.md"),
    },
    Topic {
        name: "options",
        about: "commands, accounts and keys, every option with its default",
        text: include_str!("options.md"),
    },
    Topic {
        name: "limits",
        about: "what is bounded, and memory and disk as measured",
        text: include_str!("limits.md"),
    },
    Topic {
        name: "errors",
        about: "status codes, their causes and what to do",
        text: include_str!("errors.md"),
    },
    Topic {
        name: "languages",
        about: "languages that are spoken and transcribed, and how well",
        text: include_str!("languages.md"),
    },
    Topic {
        name: "cloning",
        about: "voices made from recordings, and how similar they are",
        text: include_str!("cloning.md"),
    },
    Topic {
        name: "dubbing",
        about: "films and recordings in another language, step by step",
        text: include_str!("dubbing.md"),
    },
    Topic {
        name: "packs",
        about: "model packs, their licences, fetching and choosing them",
        text: include_str!("packs.md"),
    },
    Topic {
        name: "operations",
        about: "service, proxy and TLS, backup, upgrade, log, troubleshooting",
        text: include_str!("operations.md"),
    },
    Topic {
        name: "benchmarks",
        about: "what was measured, compared with peers, and where the records are",
        text: include_str!("benchmarks.md"),
    },
];

/// The document called `name`; none for any other name.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}
