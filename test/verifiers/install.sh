#!/usr/bin/env bash
# Installs what reads the files of an export for the tests, each where this machine has what it needs, and prints the variables
# that tell the tests about it: `eval "$(bash test/verifiers/install.sh DIRECTORY)"`. Without one of them its test is skipped.
set -uo pipefail
directory=$(mkdir -p "$1" && cd "$1" && pwd)

missing() { echo "not checked by $1: it cannot be installed here" >&2; }

supervisord() {
  python3 -m venv "$directory/python" && timeout 120 "$directory/python/bin/pip" install --quiet supervisor==4.3.0
} >&2
if supervisord; then echo "export ORCH_TEST_PYTHON='$directory/python/bin/python3'"; else missing supervisord; fi
