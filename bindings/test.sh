#!/usr/bin/env bash
# The tests of all bindings, against the programs fake-clerk and conform. Usage: bash bindings/test.sh
# Needs Rust, gcc, valgrind, libcurl's headers, Ruby, and Python with venv, which it looks for first. On Debian, bash
# .ci/install system installs all of them but Rust. Puts nothing outside of target/; the Python packages that the tests
# need are in a virtual environment there, at the versions of requirements.txt.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TERM_COLOR=never

step() { printf '\n== %s\n' "$*"; "$@"; }

# All that is missing is named at once, before anything is built.
missing=()
need() { # need NAME HOW_TO_GET_IT COMMAND...: the command tells whether it is there
  local name=$1 how=$2
  shift 2
  "$@" >/dev/null 2>&1 </dev/null || missing+=("$name: $how")
}
curl_headers() { echo '#include <curl/curl.h>' | gcc -E -; }
ruby_version=$(sed -n 's/.*required_ruby_version = ">= \(.*\)"/\1/p' ruby/clerk-sessions.gemspec)
python_version=$(sed -n 's/^requires-python = ">=\(.*\)"/\1/p' python/pyproject.toml)
need cargo 'Rust, by https://rustup.rs' cargo --version
need rustfmt 'rustup component add rustfmt' cargo fmt --version
need clippy 'rustup component add clippy' cargo clippy --version
need gcc 'apt-get install gcc libc6-dev' gcc --version
need valgrind 'apt-get install valgrind libc6-dbg' valgrind -q true
need "libcurl's headers" 'apt-get install libcurl4-openssl-dev' curl_headers
need "Ruby $ruby_version or later, with minitest" 'apt-get install ruby' ruby -e \
  'require "minitest"; exit Gem::Version.new(RUBY_VERSION) >= Gem::Version.new(ARGV[0])' "$ruby_version"
need "Python $python_version or later, with venv" 'apt-get install python3-venv' python3 -c \
  'import ensurepip, sys, venv; sys.exit(sys.version_info < tuple(map(int, sys.argv[1].split("."))))' "$python_version"
if ((${#missing[@]})); then
  printf 'missing:\n' >&2
  printf '  %s\n' "${missing[@]}" >&2
  echo 'On Debian, bash .ci/install system gets all that is a Debian package.' >&2
  exit 1
fi

# What has to be fetched comes first, as it may need a proxy. The tests are on loopback, where no proxy leads.
step bash ../.ci/install python
(cd .. && step cargo fetch --locked)
step cargo fetch --locked
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

(cd .. && step cargo build --locked -p clerk-sessions-fake -p clerk-sessions-tests --bin fake-clerk --bin conform)
programs=${CARGO_TARGET_DIR:-$PWD/../target}/debug
export FAKE_CLERK=$programs/fake-clerk CONFORM=$programs/conform
target=${CARGO_TARGET_DIR:-$PWD/target}

step cargo fmt --all --check
step cargo clippy --workspace --all-targets --locked -- -D warnings
# The border in any order of calls, and the header against the source.
step cargo test --locked -p clerk-sessions-bindings -p clerk-sessions-c
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
step ruby -Iruby/lib ruby/test/test_guides.rb
step "$CONFORM" ruby -Iruby/lib ruby/conform.rb

venv=$target/venv
rm -rf "$target/wheels"
step "$venv/bin/maturin" build --release --locked -q -m python/Cargo.toml -i "$venv/bin/python" -o "$target/wheels"
step "$venv/bin/pip" install -q --disable-pip-version-check --force-reinstall --no-deps "$target"/wheels/*.whl
step "$venv/bin/python" -m pytest -q -p no:cacheprovider python/tests
step "$CONFORM" "$venv/bin/python" python/tests/conform.py
step "$CONFORM" "$venv/bin/python" python/tests/conform.py --async
step "$venv/bin/python" python/tests/bench_overhead.py
