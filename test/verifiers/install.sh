#!/usr/bin/env bash
# Installs what reads the files of an export for the tests, each where this machine has what it needs, and prints the variables
# that tell the tests about it: `eval "$(bash test/verifiers/install.sh DIRECTORY)"`. Without one of them its test is skipped.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
directory=$(mkdir -p "$1" && cd "$1" && pwd)

missing() { echo "not checked by $1: it cannot be installed here" >&2; }

supervisord() {
  python3 -m venv "$directory/python" && timeout 120 "$directory/python/bin/pip" install --quiet supervisor==4.3.0
} >&2
if supervisord; then echo "export ORCH_TEST_PYTHON='$directory/python/bin/python3'"; else missing supervisord; fi

# Go builds it from the library that docker compose itself reads its files with.
compose() { command -v go && cd "$here/compose" && timeout 300 go build -o "$directory/compose" .; } >&2
if (compose); then echo "export ORCH_TEST_COMPOSE='$directory/compose'"; else missing 'docker compose'; fi
