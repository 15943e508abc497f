#!/usr/bin/env bash
# Runs every fuzz target for a while, and fails if one finds something. Usage: tests/fuzz/smoke.sh [seconds], 10 by default.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TERM_COLOR=never

seconds=${1:-10}
if [[ ! $seconds =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: $0 [seconds]" >&2
  exit 1
fi
# Without a sanitizer, the stable toolchain does as well. rustup is not to fetch a nightly one just because it is asked for.
cargo=(cargo)
if RUSTUP_AUTO_INSTALL=0 cargo +nightly --version >/dev/null 2>&1; then cargo+=(+nightly); fi
if ! "${cargo[@]}" fuzz --version >/dev/null 2>&1; then
  echo "fuzzing takes cargo-fuzz:" >&2
  echo "  cargo install cargo-fuzz --locked" >&2
  exit 1
fi

# The core forbids unsafe code, so a sanitizer would find nothing that is its own: without one, all is about five times as fast.
mkdir -p target
if ! "${cargo[@]}" fuzz build --sanitizer none >target/build.log 2>&1; then
  tail -n 40 target/build.log >&2
  exit 1
fi

failed=0
for target in $("${cargo[@]}" fuzz list); do
  # libFuzzer adds to the first corpus only: what it finds stays out of the seeds.
  found=target/corpus/$target log=target/$target.log
  mkdir -p "$found"
  outcome=ok
  "${cargo[@]}" fuzz run --sanitizer none "$target" "$found" "corpus/$target" -- \
    -max_total_time="$seconds" -timeout=10 -print_final_stats=1 >"$log" 2>&1 || outcome=FAILED
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-16s %10s executions  %s\n' "$target" "${executions:-no}" "$outcome"
  if [[ $outcome != ok ]]; then
    failed=1
    # What went wrong, and the input that it went wrong with.
    grep -aE -A 3 'panicked at|ERROR: libFuzzer|^error' "$log" | head -n 4 | cut -c 1-400 || true
    sed -n 's/.*Test unit written to /  input: /p' "$log"
  fi
done
exit "$failed"
