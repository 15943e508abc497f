#!/usr/bin/env bash
# Builds the examples against both libraries and runs them under valgrind.
#   FAKE_CLERK=/path/to/fake-clerk CLERK_LIB_DIR=/path/to/target/release bash test.sh
# With CONFORM=/path/to/conform, the conformance table is run as well. With OUT=/some/dir, the C subject of it is left there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
: "${FAKE_CLERK:?the fake-clerk program}"
: "${CLERK_LIB_DIR:=$here/../target/release}"
CLERK_LIB_DIR=$(cd "$CLERK_LIB_DIR" && pwd)
# The fake is on loopback, where no proxy leads.
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

dir=$(mktemp -d)
fake=
finish() {
    if [ -n "$fake" ]; then kill "$fake" 2>/dev/null || true; fi
    rm -rf "$dir"
}
trap finish EXIT

fail() {
    echo "FAILED: $*" >&2
    cat "$dir/out" "$dir/err" >&2 2>/dev/null || true
    exit 1
}

flags=(-std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -g -I "$here/include")
# What Rust's standard library needs of the system.
system=(-lpthread -ldl -lm -lgcc_s)
build() { # build static|shared NAME
    local library=("$CLERK_LIB_DIR/libclerk_sessions.a" -lcurl "${system[@]}")
    if [ "$1" = shared ]; then
        library=(-L "$CLERK_LIB_DIR" -lclerk_sessions -Wl,-rpath,"$CLERK_LIB_DIR" -lcurl)
    fi
    local sources=("$here/examples/$2.c")
    if [ "$2" != misuse ]; then sources+=("$here/examples/curl_transport.c"); fi
    gcc "${flags[@]}" -o "$dir/$1/$2" "${sources[@]}" "${library[@]}"
}

run() { # run EXPECTED_EXIT COMMAND...
    local expected=$1 code=0
    shift
    valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible \
        --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 --log-file="$dir/valgrind" \
        "$@" >"$dir/out" 2>"$dir/err" || code=$?
    [ "$code" = "$expected" ] || { cat "$dir/valgrind" >&2; fail "exit $code, not $expected: $*"; }
}

has() { grep -qF -- "$2" "$dir/$1" || fail "no $2 in $1"; }

"$FAKE_CLERK" --seed-user user_1 >"$dir/fake" &
fake=$!
for _ in $(seq 100); do
    if grep -q '^CLERK_SECRET_KEY=' "$dir/fake"; then break; fi
    sleep 0.1
done
url=$(sed -n 's/^CLERK_API_URL=//p' "$dir/fake")
key=$(sed -n 's/^CLERK_SECRET_KEY=//p' "$dir/fake")
[ -n "$url" ] && [ -n "$key" ] || fail "fake-clerk did not start"
export CLERK_API_URL=$url CLERK_SECRET_KEY=$key

for link in static shared; do
    mkdir "$dir/$link"
    for name in list_sessions conform misuse; do build "$link" "$name"; done
    list=$dir/$link/list_sessions

    run 0 "$dir/$link/misuse"

    run 0 "$list" user_1
    [ "$(grep -o '"object":"session"' "$dir/out" | wc -l)" = 2 ] || fail "not two sessions"
    has out '"user_id":"user_1"'

    run 2 "$list"
    CLERK_SECRET_KEY=sk_test_wrong run 1 "$list" user_1
    has err '"status":401'
    # A port that nothing listens on: 1 is privileged and unused.
    CLERK_API_URL=http://127.0.0.1:1 run 1 "$list" user_1
    has err '"kind":"transport"'
    # Refused settings: http beyond loopback, no key, what has to be escaped.
    CLERK_API_URL=http://example.com run 1 "$list" user_1
    has err '"kind":"build"'
    CLERK_SECRET_KEY='" \' run 1 "$list" user_1
    has err '"kind":"build"'
    (unset CLERK_SECRET_KEY && run 1 "$list" user_1)
    has err '"kind":"build"'

    settings="{\"api_url\":\"$url\",\"secret_key\":\"$key\"}"
    printf '%s\n' "$settings" GetSessionList '{"user_id":"user_1"}' '' \
        "$settings" GetSession '{"session_id":"sess_unknown"}' '' \
        '{}' GetSession '{}' '' >"$dir/cases"
    run 0 "$dir/$link/conform" --fields <"$dir/cases"
    [ "$(wc -l <"$dir/out")" = 3 ] || fail "not three lines"
    has out '{"result":'
    has out '"status":404'
    has out '"kind":"build"'
    echo "$link: ok"
done

if [ -n "${CONFORM:-}" ]; then
    "$CONFORM" "$dir/static/conform" --fields || fail "conformance"
fi

if [ -n "${OUT:-}" ]; then
    mkdir -p "$OUT"
    cp "$dir/static/conform" "$OUT/conform"
fi
