//! The documents for users: their commands run, their tables are those of the program, their links lead to files.
//!
//! A block fenced as `sh` is run by bash, in a folder like the repository's after `./scripts/run`, with a server; its
//! exit code is 0, and curl's is that of the answer's status. One fenced as `output` is what the block before it
//! prints, `…` standing for anything. Other blocks are not run.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;
use vocabox::api::ENDPOINTS;
use vocabox::docs::{COLUMNS_MAX, TOPICS};

use crate::dubbing::films::film;
use crate::http::cloning::reader;
use crate::support::operator;
use crate::support::server::{Server, models, recording, run, vocabox};

/// The server's address in the documents.
const ADDRESS: &str = "127.0.0.1:8080";
/// Longest time of one block in seconds, on a busy machine.
const BLOCK_SECONDS_MAX: &str = "900";
/// Columns of documents that the program does not show.
const PAGE_COLUMNS_MAX: usize = 140;
const README_BYTES_MAX: usize = 8_000;
/// The records of the comparison with peers.
const PEER_RUNS: [&str; 5] = [
    "2026-11-25-speech.md",
    "2026-11-25.md",
    "2026-12-01-kernels.md",
    "2026-12-01-peers.md",
    "2026-12-01-servers.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Every document with its path in the repository.
fn documents() -> Vec<(PathBuf, String)> {
    let topics = TOPICS.iter().map(|t| format!("src/docs/{}.md", t.name));
    let others = ["README.md", ".github/CHANGELOG.md"];
    let others = others
        .into_iter()
        .chain([".github/SECURITY.md", ".github/CONTRIBUTING.md"]);
    let paths = others.map(str::to_owned).chain(topics).map(PathBuf::from);
    paths.map(|p| (p.clone(), text(&root().join(&p)))).collect()
}

/// A block of commands of a document.
struct Block {
    line: usize,
    commands: String,
    /// The expected output, if the document has it.
    output: Option<String>,
}

/// The blocks that run, in their order.
fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = document.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            continue;
        };
        let inside = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```");
        let inside = inside.map(|line| format!("{line}\n")).collect::<String>();
        match kind {
            "sh" => blocks.push(Block {
                line: number + 1,
                commands: inside,
                output: None,
            }),
            "output" => blocks.last_mut().expect("commands come first").output = Some(inside),
            _ => {}
        }
    }
    blocks
}

/// A folder with the files that the documents name, and a program `vocabox` on its path.
fn workplace(server: &Server) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    symlink(&server.data, at("data")).unwrap();
    symlink(models(), at("models")).unwrap();
    fs::write(server.data.join("demo.key"), &server.key).unwrap();
    fs::create_dir(at("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_vocabox"), at("bin/vocabox")).unwrap();
    fs::write(at(".curlrc"), "fail-with-body\nsilent\nshow-error\n").unwrap();
    fs::write(at("me.wav"), reader()).unwrap();
    fs::write(at("book.txt"), "It was the best of times.\n").unwrap();
    // A part of the recording suffices, and is transcribed faster.
    let meeting = fs::read(recording("two_cities.mp3")).unwrap();
    fs::write(at("meeting.mp3"), &meeting[..meeting.len() / 4]).unwrap();
    let call = reader();
    fs::write(at("call.wav"), &call[..call.len() / 4]).unwrap();
    fs::copy(film("faststart.mp4"), at("talk.mp4")).unwrap();
    folder
}

/// Runs one block with the variables of the blocks before it.
fn bash(server: &Server, folder: &Path, block: &Block) -> Output {
    let commands = block.commands.replace(ADDRESS, &server.addr.to_string());
    let script = format!(
        "set -euo pipefail\n[ ! -e .variables ] || source ./.variables\nset -a\n{commands}\nset +a\nunset CURL_HOME\nexport -p > .variables\n"
    );
    // The environment has none of the machine's settings.
    let mut command = Command::new("timeout");
    for (name, _) in vocabox(&[]).get_envs() {
        command.env_remove(name);
    }
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .args([BLOCK_SECONDS_MAX, "bash", "-c", &script])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("BASE", format!("http://{}", server.addr))
        .env("KEY", &server.key)
        .env("ADMIN_KEY", operator::KEY)
        .env("no_proxy", "*");
    // The expected output may be the body of an error: only then curl runs without the settings that make errors fail.
    let plain = folder.join("bin");
    command.env("HOME", &plain).env(
        "CURL_HOME",
        match block.output {
            Some(_) => &plain,
            None => folder,
        },
    );
    command.output().expect("timeout and bash are there")
}

/// Whether `actual` is `expected`, in which `…` stands for anything.
fn fits(expected: &str, actual: &str) -> bool {
    let parts: Vec<&str> = expected.trim().split('…').collect();
    let mut rest = actual.trim();
    for (number, part) in parts.iter().enumerate() {
        let found = match number {
            0 => rest.starts_with(part).then_some(0),
            _ if number + 1 == parts.len() => rest.ends_with(part).then(|| rest.len() - part.len()),
            _ => rest.find(part),
        };
        let Some(at) = found else { return false };
        rest = &rest[at + part.len()..];
    }
    parts.len() > 1 || rest.is_empty()
}

#[test]
fn every_command_of_the_documents_runs() {
    for tool in ["curl", "jq"] {
        let found = Command::new(tool).arg("--version").output();
        assert!(found.is_ok(), "{tool} is missing: the documents use it");
    }
    let server = operator::launch(&models(), &[]);
    let (mut seen, mut wrong) = (0, Vec::new());
    for (path, text) in documents() {
        let folder = workplace(&server);
        for block in blocks(&text) {
            seen += 1;
            let output = bash(&server, folder.path(), &block);
            let printed = String::from_utf8_lossy(&output.stdout);
            let is_right = block.output.as_ref().is_none_or(|e| fits(e, &printed));
            if !output.status.success() || !is_right {
                wrong.push(format!(
                    "{}:{}: {}\n{printed}{}",
                    path.display(),
                    block.line,
                    output.status,
                    String::from_utf8_lossy(&output.stderr)
                ));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 25, "only {seen} blocks were found");
}

#[test]
fn a_request_that_is_refused_fails_its_block_unless_its_answer_is_expected() {
    let server = Server::start();
    let folder = workplace(&server);
    let run = |commands: &str, output: Option<&str>| {
        let block = Block {
            line: 0,
            commands: commands.to_owned(),
            output: output.map(str::to_owned),
        };
        bash(&server, folder.path(), &block).status.success()
    };
    let refused = "curl http://127.0.0.1:8080/voice/nothing\n";
    assert!(run("NAME=kept\ncurl $BASE/healthz\n", None));
    assert!(run(refused, Some("{\"detail\":…}")));
    assert!(!run(refused, None));
    assert!(!run(&format!("ANSWER=$({refused} | jq .)\n"), None));
    assert!(run("[ $NAME = kept ]\n", None) && !run("[ $NAME = lost ]\n", None));
}

#[test]
fn expected_output_has_gaps_where_it_says_so() {
    assert!(fits("a\nb\n", "a\nb"));
    assert!(fits("{\"id\":…,\"b\":…}\n", "{\"id\":1,\"b\":{}}\n"));
    assert!(!fits("a", "a b") && !fits("a…c", "a b") && !fits("a…", "b a"));
}

#[test]
fn the_documents_name_every_endpoint_and_every_command() {
    let api = text(&root().join("src/docs/api.md"));
    let openai = text(&root().join("src/docs/openai.md"));
    for endpoint in ENDPOINTS {
        let start = format!("\n| `{} {}` ", endpoint.method, endpoint.path);
        let page = match endpoint.path.starts_with("/v1/") {
            true => &openai,
            false => &api,
        };
        let (_, row) = page
            .split_once(&start)
            .unwrap_or_else(|| panic!("no row is {start:?}"));
        let told = row.split('|').nth(1).unwrap().trim();
        let told = told.trim_end_matches(" (added)");
        assert!(
            told.starts_with(endpoint.about),
            "the table says {told:?}, the list of endpoints {:?}",
            endpoint.about
        );
    }
    let options = text(&root().join("src/docs/options.md"));
    let cli = <vocabox::cli::Cli as clap::CommandFactory>::command();
    for command in cli.get_subcommands() {
        let row = format!("\n| `vocabox {}` ", command.get_name());
        assert!(options.contains(&row), "no row is {row:?}");
    }
}

#[test]
fn every_document_is_listed_and_shown() {
    let files = fs::read_dir(root().join("src/docs")).unwrap();
    let names = files.map(|f| f.unwrap().file_name().into_string().unwrap());
    let count = names.filter(|name| name.ends_with(".md")).count();
    assert_eq!(TOPICS.len(), count, "each file is a topic");

    let list = run(&["docs"]);
    assert!(list.status.success());
    let list = String::from_utf8(list.stdout).unwrap();
    assert_eq!(list.lines().count(), TOPICS.len());
    for (topic, line) in TOPICS.iter().zip(list.lines()) {
        assert!(line.starts_with(topic.name) && line.ends_with(topic.about));
        let shown = run(&["docs", topic.name]);
        assert!(shown.status.success(), "{}", topic.name);
        assert_eq!(String::from_utf8(shown.stdout).unwrap(), topic.text);
    }
}

#[test]
fn an_unknown_document_is_wrong_usage_and_the_list() {
    let refused = run(&["docs", "weather"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).unwrap();
    for topic in TOPICS {
        assert!(said.contains(topic.name), "{said}");
    }
}

#[test]
fn the_documents_fit_a_terminal_and_the_readme_a_page() {
    for (path, text) in documents() {
        let most = match path.starts_with("src/docs") {
            true => COLUMNS_MAX,
            false => PAGE_COLUMNS_MAX,
        };
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            let place = format!("{}:{}", path.display(), number + 1);
            assert!(columns <= most, "{place} has {columns} columns");
        }
    }
    let bytes = text(&root().join("README.md")).len();
    assert!(bytes <= README_BYTES_MAX, "README.md has {bytes} bytes");
}

#[test]
fn the_documents_call_the_server_a_server() {
    let packs = PathBuf::from("models/README.md");
    let packs = (packs.clone(), text(&root().join(&packs)));
    for (path, text) in documents().into_iter().chain([packs]) {
        for (number, line) in text.lines().enumerate() {
            let words = line.split(|c: char| !c.is_alphanumeric());
            let riddle = words
                .map(str::to_lowercase)
                .find(|w| ["box", "nobody", "ours", "whoever", "somebody"].contains(&w.as_str()));
            assert_eq!(riddle, None, "{}:{}", path.display(), number + 1);
        }
    }
}

#[test]
fn the_links_of_the_documents_lead_to_files() {
    let mut seen = 0;
    for (path, text) in documents() {
        let folder = root().join(&path).parent().unwrap().to_owned();
        for link in text.split("](").skip(1) {
            let link = link.split([')', '#']).next().unwrap();
            // `[word](/phonemes/)` is a pronunciation.
            if link.contains("://") || link.is_empty() || link.starts_with('/') {
                continue;
            }
            seen += 1;
            assert!(folder.join(link).exists(), "{}: {link}", path.display());
        }
    }
    assert!(seen > 10, "only {seen} links were found");
}

#[test]
fn the_paths_that_the_documents_name_are_there() {
    let folders = ["src/", "benches/", "scripts/", "models/", ".github/"];
    let mut seen = 0;
    for (document, text) in documents() {
        // Text between two backticks is every second part of a line.
        let code = text.lines().flat_map(|l| l.split('`').skip(1).step_by(2));
        let paths = code.filter_map(|code| code.split_whitespace().next());
        for path in paths.filter(|p| folders.iter().any(|f| p.starts_with(f))) {
            seen += 1;
            let is_there = root().join(path).exists();
            assert!(is_there, "{} names {path}", document.display());
        }
    }
    assert!(seen > 20, "only {seen} paths were found");
}

#[test]
fn every_record_of_a_run_is_in_the_index() {
    let index = text(&root().join("src/docs/benchmarks.md"));
    for record in fs::read_dir(root().join("benches/runs")).unwrap() {
        let name = record.unwrap().file_name().into_string().unwrap();
        assert!(index.contains(&format!("\n| `{name}` ")), "{name}");
    }
}

#[test]
fn the_figures_of_peers_are_those_of_their_runs() {
    let runs = PEER_RUNS.map(|name| text(&root().join("benches/runs").join(name)));
    let mut seen = 0;
    for path in ["README.md", "src/docs/benchmarks.md"] {
        let document = text(&root().join(path));
        let (_, section) = document
            .split_once("## Compared with peers")
            .expect("it has peers");
        let section = section.split("\n## ").next().unwrap();
        for row in section.lines().filter(|line| line.starts_with('|')) {
            let figures = row.split(|c: char| !c.is_ascii_digit() && c != '.');
            for figure in figures.filter(|f| f.contains('.')) {
                seen += 1;
                let is_there = runs.iter().any(|run| run.contains(figure));
                assert!(is_there, "{path}: {figure} is in none of {PEER_RUNS:?}");
            }
        }
    }
    assert!(seen > 50, "only {seen} figures were found");
}
