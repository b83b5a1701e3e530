# Sourced by scripts/run and scripts/test: says in one line what is missing on this machine, and how to get it.

step() { printf '\n== %s\n' "$1"; }

need() { # need COMMAND WHAT-TO-DO
    command -v "$1" >/dev/null 2>&1 || { echo "$1 is missing: $2" >&2; exit 2; }
}

# A toolchain that rustup has just installed is not on the PATH of an older shell.
[ -d "$HOME/.cargo/bin" ] && PATH="$PATH:$HOME/.cargo/bin"

need python3 "install Python 3.11 or later with its venv module (Debian, Ubuntu: apt-get install python3-venv)"
need cargo "install rustup: it brings the toolchain that rust-toolchain.toml names"
need cc "install a C compiler and linker (Debian, Ubuntu: apt-get install gcc libc6-dev)"
