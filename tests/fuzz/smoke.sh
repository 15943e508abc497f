#!/usr/bin/env bash
# Runs every fuzz target for some seconds, and fails if one finds something. Usage: tests/fuzz/smoke.sh [seconds]; default 10.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TERM_COLOR=never

seconds=${1:-10}
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: $0 [seconds]" >&2
  exit 1
fi
# Without a sanitizer, the stable toolchain is sufficient. rustup must not install a nightly one because of this check.
cargo=(cargo)
if RUSTUP_AUTO_INSTALL=0 cargo +nightly --version >/dev/null 2>&1; then cargo+=(+nightly); fi
if ! "${cargo[@]}" fuzz --version >/dev/null 2>&1; then
  echo "fuzzing requires cargo-fuzz:" >&2
  echo "  cargo install cargo-fuzz --locked" >&2
  exit 1
fi

# The core forbids unsafe code, so a sanitizer would find nothing in it. Without one, fuzzing is about five times as fast.
mkdir -p target
if ! "${cargo[@]}" fuzz build --sanitizer none >target/build.log 2>&1; then
  tail -n 40 target/build.log >&2
  exit 1
fi

failed=0
for target in $("${cargo[@]}" fuzz list); do
  # libFuzzer adds inputs only to the first corpus, so the seeds do not change.
  found=target/corpus/$target log=target/$target.log
  mkdir -p "$found"
  outcome=ok
  "${cargo[@]}" fuzz run --sanitizer none "$target" "$found" "corpus/$target" -- \
    -max_total_time="$seconds" -timeout=10 -print_final_stats=1 >"$log" 2>&1 || outcome=FAILED
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-16s %10s executions  %s\n' "$target" "${executions:-no}" "$outcome"
  if [[ $outcome != ok ]]; then
    failed=1
    # Prints the error and the input that caused it.
    grep -aE -A 3 'panicked at|ERROR: libFuzzer|^error' "$log" | head -n 4 | cut -c 1-400 || true
    sed -n 's/.*Test unit written to /  input: /p' "$log"
  fi
done
exit "$failed"
