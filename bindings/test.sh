#!/usr/bin/env bash
# The tests of all bindings, against the programs fake-clerk and conform. Usage: bash bindings/test.sh
# Needs gcc, valgrind, libcurl's headers, Ruby, and Python 3.11 or later with venv; puts nothing outside of target/.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TERM_COLOR=never
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

step() { printf '\n== %s\n' "$*"; "$@"; }

(cd .. && step cargo build --locked -p clerk-sessions-fake -p clerk-sessions-tests --bin fake-clerk --bin conform)
programs=${CARGO_TARGET_DIR:-$PWD/../target}/debug
export FAKE_CLERK=$programs/fake-clerk CONFORM=$programs/conform
target=${CARGO_TARGET_DIR:-$PWD/target}

step cargo fmt --all --check
step cargo clippy --workspace --all-targets --locked -- -D warnings
# The border in any order of calls, and the header against the source.
step cargo test --locked -p clerk-sessions-c
step cargo build --release --locked -p clerk-sessions-c
library=$target/release/libclerk_sessions.so
size=$(wc -c <"$library")
echo "== the shared library has $size bytes"
((size < 2000000))

export CLERK_LIB_DIR=$target/release OUT=$target/c-tests
mkdir -p "$OUT"
step bash c/test.sh
step "$CONFORM" valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible \
  --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 "$OUT/conform" --fields

export CLERK_SESSIONS_LIBRARY=$library
step ruby -Iruby/lib ruby/test/test_clerk_sessions.rb
step "$CONFORM" ruby -Iruby/lib ruby/conform.rb

venv=$target/venv
[[ -x $venv/bin/python ]] || step python3 -m venv "$venv"
step "$venv/bin/pip" install -q --disable-pip-version-check 'maturin>=1.8,<2' 'httpx>=0.27,<1' pytest mypy
rm -rf "$target/wheels"
step "$venv/bin/maturin" build --release --locked -q -m python/Cargo.toml -i "$venv/bin/python" -o "$target/wheels"
step "$venv/bin/pip" install -q --disable-pip-version-check --force-reinstall --no-deps "$target"/wheels/*.whl
step "$venv/bin/python" -m pytest -q -p no:cacheprovider python/tests
step "$CONFORM" "$venv/bin/python" python/tests/conform.py
step "$CONFORM" "$venv/bin/python" python/tests/conform.py --async
step "$venv/bin/python" python/tests/bench_overhead.py
