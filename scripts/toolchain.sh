# Sourced by scripts/run and scripts/test in the repository's folder: prints help, reports a missing program in one line with
# the way to install it, ends started processes when the script ends, and builds the tools of cargo that scripts use.

step() { printf '\n== %s\n' "$1"; }

need() { # need COMMAND WHAT-TO-DO
    command -v "$1" >/dev/null 2>&1 || { echo "${0##*/}: $1 is missing: $2" >&2; exit 2; }
}

# The help of a script is the comment at its top.
case "${1-}" in
    -h | --help)
        while IFS= read -r line; do
            case $line in '#!'*) ;; '#'*) line=${line#\#} && printf '%s\n' "${line# }" ;; *) break ;; esac
        done <"scripts/${0##*/}"
        exit 0
        ;;
esac

# The process group of the running command and of the processes that it started. A terminal's Ctrl-C reaches only the script,
# and any signal to the script ends the group.
group=
# Waits until all of the group has ended: its leader may end before what it has started. What does not heed SIGTERM is killed
# after ten seconds.
wait_group() {
    wait "$group" 2>/dev/null || true
    local tenths=0
    while [ "$tenths" -lt 100 ] && kill -0 -- "-$group" 2>/dev/null; do
        sleep 0.1
        tenths=$((tenths + 1))
    done
    kill -KILL -- "-$group" 2>/dev/null || true
}
end_group() {
    # A further signal must not interrupt this.
    trap '' INT TERM HUP
    [ -n "$group" ] || return 0
    kill -TERM -- "-$group" 2>/dev/null || true
    wait_group
    group=
}
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap end_group EXIT

in_group() { # in_group COMMAND…: runs COMMAND in its own process group; returns its exit code
    local code=0
    set -m
    "$@" &
    group=$!
    set +m
    wait "$group" || code=$?
    group=
    return "$code"
}

# What scripts/bundle-sources made brings its own.
[ -d toolchain/bin ] && PATH="$PWD/toolchain/bin:$PATH"
# A toolchain that rustup has just installed is not on the PATH of an older shell.
[ -d "$HOME/.cargo/bin" ] && PATH="$PATH:$HOME/.cargo/bin"

need python3 "install Python 3.11 or later with its venv module (Debian, Ubuntu: apt-get install python3-venv)"
need cargo "install rustup: it brings the toolchain that rust-toolchain.toml names"
need cc "install a C compiler and linker (Debian, Ubuntu: apt-get install gcc libc6-dev)"

tool() { # tool NAME VERSION: puts a cargo command on the PATH, built from source at exactly this version, once for all clones
    local root=${VOCABOX_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vocabox}/tools/$1-$2
    if [ ! -x "$root/bin/$1" ]; then
        step "$1 $2: built once, which takes one or two minutes"
        # Without optimisation and symbols: it is built sooner than it would be run faster.
        CARGO_PROFILE_DEV_DEBUG=0 in_group cargo install "$1" --version "=$2" --locked --profile dev --root "$root"
    fi
    PATH="$root/bin:$PATH"
}
