//! The built binary, started on a free port with a new data folder.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::client::Client;

/// A running server with one account and one key. Dropping it kills the process.
pub struct Server {
    pub addr: SocketAddr,
    pub key: String,
    pub data: PathBuf,
    /// The lines of its log before it listened.
    pub first_lines: String,
    child: Mutex<Child>,
    log: Mutex<mpsc::Receiver<String>>,
    _folder: Option<TempDir>,
}

/// The folder of the repository's model packs.
pub fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
}

/// The path of a recording of the pack `test-speech`.
pub fn recording(name: &str) -> PathBuf {
    models().join("test-speech").join(name)
}

/// A command of the binary, in an environment without the machine's settings.
pub fn vocabox(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vocabox"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("VOCABOX_")) {
        command.env_remove(name);
    }
    command.args(args);
    command
}

/// Runs `command` to its end with `text` on its standard input.
pub fn fed(mut command: Command, text: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    child.wait_with_output().unwrap()
}

/// Runs the binary to its end.
pub fn run(args: &[&str]) -> Output {
    vocabox(args).output().expect("the binary runs")
}

/// Runs a command on a data folder with `--json`, and returns its output.
pub fn json(data: &Path, args: &[&str]) -> Value {
    let data = data.to_str().unwrap();
    let output = run(&[&["--data-dir", data], args, &["--json"]].concat());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

impl Server {
    /// One server with all models, shared by the tests of this process.
    pub fn shared() -> &'static Server {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(Server::with_models)
    }

    /// A new server with all models.
    pub fn with_models() -> Server {
        Server::launch(&models(), &[])
    }

    /// A new server without fetched packs.
    pub fn start() -> Server {
        Server::launch(&bare_models(), &[])
    }

    /// A new server with these models and options, on a new data folder.
    pub fn launch(models: &Path, options: &[&str]) -> Server {
        let (folder, data, key) = new_data();
        let mut server = Server::again(&data, &key, models, options);
        server._folder = Some(folder);
        server
    }

    /// A new server without models, whose process may have `files` open files and cannot raise that limit.
    pub fn start_with_files(files: u64, options: &[&str]) -> Server {
        let (folder, data, key) = new_data();
        let mut command = serve(&data, &bare_models(), options);
        let limit = limit(files);
        let lower = move || Ok(rustix::process::setrlimit(Resource::Nofile, limit)?);
        // SAFETY: one system call, which allocates nothing.
        unsafe { command.pre_exec(lower) };
        let mut server = Server::run(command, &data, &key);
        server._folder = Some(folder);
        server
    }

    /// A new server that cannot write files beyond `bytes` bytes, as if the disk were full.
    pub fn launch_on_full_disk(bytes: u64, models: &Path) -> Server {
        let (folder, data, key) = new_data();
        let mut server = Server::run(deaf(&serve(&data, models, &[])), &data, &key);
        server._folder = Some(folder);
        let pid = Pid::from_child(&server.child.lock().unwrap());
        rustix::process::prlimit(Some(pid), Resource::Fsize, limit(bytes)).unwrap();
        server
    }

    /// A server on an existing data folder, in which `shim` is loaded before libc ([`crate::support::shim`]) and finds
    /// `variable` in its environment.
    pub fn preloaded(
        data: &Path,
        key: &str,
        models: &Path,
        shim: &Path,
        variable: (&str, &Path),
        options: &[&str],
    ) -> Server {
        let mut command = serve(data, models, options);
        command.env("LD_PRELOAD", shim).env(variable.0, variable.1);
        Server::run(command, data, key)
    }

    /// A server on an existing data folder.
    pub fn again(data: &Path, key: &str, models: &Path, options: &[&str]) -> Server {
        Server::run(serve(data, models, options), data, key)
    }

    /// The server that `command` starts, on an existing data folder.
    pub fn of(command: Command, data: &Path, key: &str) -> Server {
        Server::run(command, data, key)
    }

    fn run(command: Command, data: &Path, key: &str) -> Server {
        let (child, addr, first_lines, log) = spawn(command);
        Server {
            addr,
            first_lines,
            log: Mutex::new(log),
            key: key.to_owned(),
            data: data.to_owned(),
            child: Mutex::new(child),
            _folder: None,
        }
    }

    /// A client with the server's key.
    pub fn client(&self) -> Client {
        Client::new(self.addr, &self.key)
    }

    /// A client of a new account, isolated from other tests.
    pub fn new_account(&self, name: &str) -> Client {
        self.client().with_key(&self.new_key(name))
    }

    /// A key named `k` of a new account.
    pub fn new_key(&self, name: &str) -> String {
        let account = ["account", "create", name, "--rpm", "100000"];
        json(&self.data, &account);
        let key = json(
            &self.data,
            &["key", "create", "--account", name, "--name", "k"],
        );
        key["key"].as_str().unwrap().to_owned()
    }

    /// The next line of the log that contains `words`.
    pub fn logged(&self, words: &str) -> String {
        self.logged_until(words).pop().unwrap()
    }

    /// The lines of the log up to the next that contains `words`.
    pub fn logged_until(&self, words: &str) -> Vec<String> {
        self.logged_within(words, END)
    }

    /// The lines of the log up to the next that contains `words`, which must appear within `most`.
    pub fn logged_within(&self, words: &str, most: Duration) -> Vec<String> {
        let until = Instant::now() + most;
        let log = self.log.lock().unwrap();
        let mut lines = Vec::new();
        while lines
            .last()
            .is_none_or(|line: &String| !line.contains(words))
        {
            let left = until.saturating_duration_since(Instant::now());
            lines.push(log.recv_timeout(left).expect(words));
        }
        lines
    }

    /// The unread lines of the log of a process that has ended.
    pub fn logged_to_the_end(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().collect()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Stops the server with SIGTERM; returns its exit code.
    pub fn stop(&self) -> Option<i32> {
        self.tell_to_stop();
        self.ended_within(END)
    }

    /// Sends SIGTERM without waiting.
    pub fn tell_to_stop(&self) {
        let pid = Pid::from_child(&self.child.lock().unwrap());
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
    }

    /// Waits for the process, which must end within `most`; returns its exit code, none if a signal ended it.
    #[track_caller]
    pub fn ended_within(&self, most: Duration) -> Option<i32> {
        let mut child = self.child.lock().unwrap();
        let pid = Pid::from_child(&child);
        let process = rustix::process::pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let most = Timespec::try_from(most).unwrap();
        let mut fds = [PollFd::new(&process, PollFlags::IN)];
        let ended = rustix::event::poll(&mut fds, Some(&most)).unwrap();
        assert_eq!(ended, 1, "the process has not ended");
        child.wait().unwrap().code()
    }

    /// Kills the process with SIGKILL.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Longest time that a test waits for a process to stop; long, because the machine may be busy.
pub const END: Duration = Duration::from_secs(60);

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A new data folder with one account and its key.
pub fn new_data() -> (TempDir, PathBuf, String) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // The tests must not reach the rate limit.
    json(&data, &["account", "create", "test", "--rpm", "100000"]);
    let key = json(
        &data,
        &["key", "create", "--account", "test", "--name", "first"],
    );
    let key = key["key"].as_str().unwrap().to_owned();
    (folder, data, key)
}

fn serve(data: &Path, models: &Path, options: &[&str]) -> Command {
    let mut command = vocabox(&["serve", "--data-dir"]);
    command.arg(data).arg("--models-dir").arg(models);
    if !options.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.args(options);
    command
}

fn limit(most: u64) -> Rlimit {
    Rlimit {
        current: Some(most),
        maximum: Some(most),
    }
}

/// The command in a process that ignores SIGXFSZ, which too large a file raises and a full disk does not.
fn deaf(command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, _) in command.get_envs() {
        shell.env_remove(name);
    }
    shell
}

/// A models folder with the packs' manifests, without their files.
pub fn bare_models() -> PathBuf {
    static BARE: OnceLock<TempDir> = OnceLock::new();
    let folder = BARE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["kokoro", "whisper-base", "silero-vad"] {
            let pack = folder.path().join(name);
            std::fs::create_dir(&pack).unwrap();
            std::fs::copy(
                models().join(name).join("pack.toml"),
                pack.join("pack.toml"),
            )
            .unwrap();
        }
        folder
    });
    folder.path().to_owned()
}

/// The languages of the stub that translates.
const TRANSLATE: &str = "[translate]\nfrom = [\"pt\"]\nto = [\"en\"]\ntell = \"nothing\"\nstart = 0\nend = 0\nbeams = 1\n";

/// A models folder for the debug build's stub engines, which obey words in their input (`src/engine/stub.rs`).
pub fn stub_models() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for kind in ["speak", "transcribe", "translate"] {
        let pack = folder.path().join(format!("stub-{kind}"));
        std::fs::create_dir(&pack).unwrap();
        std::fs::write(pack.join("nothing"), "").unwrap();
        let mut voices = String::new();
        for id in ["af_heart", "fail"] {
            voices.push_str(&format!("[[voices]]\nid = \"{id}\"\nname = \"Stub\"\nlanguage = \"en-us\"\ngender = \"female\"\ndescription = \"\"\nfile = \"nothing\"\n"));
        }
        let manifest = format!(
            "name = \"stub-{kind}\"\nkind = \"{kind}\"\nengine = \"stub-{kind}\"\nruntime = \"tract\"\n\
             title = \"\"\ndescription = \"\"\nlicence = \"\"\norigin = \"\"\ndefault = false\nlanguages = [{}]\n\
             [[files]]\nrole = \"model\"\npath = \"nothing\"\nsize = 0\nsha256 = \"{empty}\"\n{}",
            match kind {
                // Analyses command the stub by the language.
                "transcribe" => r#""en", "fail", "hold", "ok", "panic", "pt""#,
                _ => r#""en""#,
            },
            match kind {
                "speak" => &voices,
                "translate" => TRANSLATE,
                _ => "",
            }
        );
        std::fs::write(pack.join("pack.toml"), manifest).unwrap();
    }
    link(folder.path(), "silero-vad");
    folder
}

/// SHA-256 in hexadecimal digits, as in a pack's manifest.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    let hash = sha2::Sha256::digest(bytes);
    hash.iter().map(|b| format!("{b:02x}")).collect()
}

/// Links one of the repository's packs into a models folder.
pub fn link(folder: &Path, pack: &str) {
    std::os::unix::fs::symlink(models().join(pack), folder.join(pack)).unwrap();
}

/// Starts a server and reads its address from its standard error; also returns what it logged before, and what it logs after.
///
/// A thread that lives as long as this process starts the server: with PR_SET_PDEATHSIG, Linux ends a child when the
/// thread that started it ends. So no server outlives a test process that is killed.
fn spawn(command: Command) -> (Child, SocketAddr, String, mpsc::Receiver<String>) {
    type Ask = (Command, mpsc::Sender<Child>);
    static STARTER: OnceLock<Mutex<mpsc::Sender<Ask>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (ask, asked) = mpsc::channel::<Ask>();
        thread::spawn(move || {
            for (mut command, reply) in asked {
                let die_with_us = || {
                    let signal = rustix::process::Signal::KILL;
                    Ok(rustix::process::set_parent_process_death_signal(Some(
                        signal,
                    ))?)
                };
                // SAFETY: one system call, which allocates nothing.
                unsafe { command.pre_exec(die_with_us) };
                let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn();
                let _ = reply.send(child.expect("the binary starts"));
            }
        });
        Mutex::new(ask)
    });
    let (reply, started) = mpsc::channel();
    starter.lock().unwrap().send((command, reply)).unwrap();
    let mut child = started.recv().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let addr = loop {
        let Some(Ok(line)) = lines.next() else {
            panic!("the server ended before it listened: {said}");
        };
        if let Some(addr) = line.strip_prefix("listening on http://") {
            break addr.parse().expect("an address follows");
        }
        said.push_str(&line);
        said.push('\n');
    };
    // The log must be read, or the server would block on a full pipe.
    let (line, log) = mpsc::channel();
    thread::spawn(move || {
        for said in lines.map_while(Result::ok) {
            // The receiver may be gone.
            let _ = line.send(said);
        }
    });
    (child, addr, said, log)
}
