#!/bin/sh
# Says what a newcomer lacks before anything is built: one line each, with what to type.
# Prints the path of a Python that will do on stdout.
set -u
missing=0

lack() {
    printf 'lambdameter needs %s.\n  Next: %s\n' "$1" "$2" >&2
    missing=1
}

[ "$(uname -s)" = Linux ] ||
    lack 'Linux (it runs functions in Linux cgroups)' 'use a Linux machine or a virtual machine'

python=
for candidate in python3 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$(command -v "$candidate")
        break
    fi
done
if [ -z "$python" ]; then
    lack 'Python 3.11 or newer' 'apt-get install python3 python3-venv, or see https://www.python.org/downloads/'
elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    lack "the venv module of $python" 'apt-get install python3-venv'
fi

command -v cargo >/dev/null 2>&1 ||
    lack 'a Rust toolchain (cargo)' 'install rustup from https://rustup.rs, then open a new shell'

command -v cc >/dev/null 2>&1 ||
    lack 'a C compiler (cc)' 'apt-get install gcc libc6-dev'

[ "$missing" = 0 ] || exit 3
printf '%s\n' "$python"
