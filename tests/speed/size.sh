#!/usr/bin/env bash
# Builds programs that get one session: with these crates, by hand, and with clerk-rs. Usage: size.sh [ROUNDS [HTTP]]
# HTTP is ureq or reqwest, to build only the programs over that. ROUNDS is 1 by default. Crates that cargo does not have are downloaded.
# Prints a line for each program: its name, its number of crates, how many of them the program by hand does not need, the bytes
# of the stripped binary, and the seconds of a cold release build in each round.
set -euo pipefail
export LC_ALL=C CARGO_TERM_COLOR=never TIMEFORMAT='%R'
# All builds alike, and no cache in rustc's place.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER CARGO_BUILD_RUSTC_WRAPPER

rounds=${1:-1}
[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "usage: $0 [rounds]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
case ${2:-all} in
  ureq) programs=(ureq-ours ureq-hand) ;;
  reqwest) programs=(reqwest-ours reqwest-hand clerk-rs-0.5) ;;
  all) programs=(ureq-ours ureq-hand reqwest-ours reqwest-hand clerk-rs-0.5) ;;
  *) echo "usage: $0 [rounds [ureq|reqwest]]" >&2; exit 2 ;;
esac

tokio='tokio = { version = "1", default-features = false, features = ["rt"] }'
serde=$'serde = { version = "1", features = ["derive"] }\nserde_json = "1"'
models=$(sed -n '/^#\[derive/,/^}/p' "$root/tests/src/by_hand.rs")
block_on='fn main() -> Result<(), Error> { tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run()) }'

# generate NAME DEPENDENCIES <main.rs
generate() {
  mkdir -p "$dir/$1/src"
  cp "$root/Cargo.lock" "$dir/$1/" # So that all programs use the same versions.
  printf '[workspace]\n[package]\nname = "size-of-%s"\nedition = "2024"\n[profile.release]\nstrip = true\n[dependencies]\n%s\n' \
    "${1/./-}" "$2" >"$dir/$1/Cargo.toml"
  cat - /dev/fd/3 >"$dir/$1/src/main.rs" 3<<'RUST'
type Error = Box<dyn std::error::Error>;
fn session_id() -> Result<String, Error> { Ok(std::env::args().nth(1).ok_or("which session?")?) }
#[allow(unused)]
fn base_url() -> String {
    format!("{}/v1", std::env::var("CLERK_API_URL").as_deref().unwrap_or("https://api.clerk.com"))
}
#[allow(unused)]
fn headers() -> Result<[(&'static str, String); 5], Error> {
    Ok([
        ("authorization", format!("Bearer {}", std::env::var("CLERK_SECRET_KEY")?)),
        ("accept", "application/json".to_owned()),
        ("clerk-api-version", "2026-05-12".to_owned()),
        ("user-agent", "by-hand/0.1.0".to_owned()),
        ("x-clerk-sdk", "rust/0.1.0".to_owned()),
    ])
}
RUST
}

generate ureq-ours "clerk-sessions-ureq = { path = '$root/transport-ureq' }" <<'RUST'
fn main() -> Result<(), Error> {
    println!("{}", clerk_sessions_ureq::client_from_env()?.sessions().get(session_id()?)?.id);
    Ok(())
}
RUST
generate ureq-hand "$serde
ureq = { version = '3', default-features = false, features = ['rustls', 'gzip'] }" <<RUST
use {serde::Deserialize, std::time::Duration};
fn main() -> Result<(), Error> {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).max_redirects_will_error(false);
    let config = config.timeout_connect(Some(Duration::from_secs(5))).timeout_global(Some(Duration::from_secs(10)));
    let mut request = config.build().new_agent().get(format!("{}/sessions/{}", base_url(), session_id()?));
    for (name, value) in headers()? { request = request.header(name, value); }
    let mut response = request.call()?;
    if !response.status().is_success() { return Err(response.status().to_string().into()); }
    println!("{}", serde_json::from_slice::<Session>(&response.body_mut().read_to_vec()?)?.id);
    Ok(())
}
$models
RUST
generate reqwest-ours "clerk-sessions-reqwest = { path = '$root/transport-reqwest' }
$tokio" <<RUST
async fn run() -> Result<(), Error> {
    println!("{}", clerk_sessions_reqwest::client_from_env()?.sessions().get(session_id()?).await?.id);
    Ok(())
}
$block_on
RUST
generate reqwest-hand "$serde
$tokio
reqwest = { version = '0.13', default-features = false, features = ['rustls', 'gzip'] }" <<RUST
use {serde::Deserialize, std::time::Duration};
async fn run() -> Result<(), Error> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.connect_timeout(Duration::from_secs(5)).timeout(Duration::from_secs(10)).build()?;
    let mut request = client.get(format!("{}/sessions/{}", base_url(), session_id()?));
    for (name, value) in headers()? { request = request.header(name, value); }
    let response = request.send().await?;
    if !response.status().is_success() { return Err(response.status().to_string().into()); }
    println!("{}", serde_json::from_slice::<Session>(&response.bytes().await?)?.id);
    Ok(())
}
$block_on
$models
RUST
generate clerk-rs-0.5 "clerk-rs = '0.5'
$tokio" <<RUST
async fn run() -> Result<(), Error> {
    let config = clerk_rs::ClerkConfiguration::new(std::env::var("CLERK_SECRET_KEY")?).with_base_path(base_url());
    println!("{}", clerk_rs::apis::sessions_api::get_session(&config, &session_id()?).await?.id);
    Ok(())
}
$block_on
RUST

# Fetches the crates of a program and lists them, without the program itself.
resolve() {
  cargo fetch --quiet 2>log && cargo tree --offline --locked -e normal --prefix none 2>log >tree &&
    awk 'NR > 1 { print $1, $2 }' tree | sort -u >crates
}
# Adds a line to a program's times: the wall time of a build, in seconds.
build() {
  rm -rf "$dir/target"
  { time cargo build --release --offline --locked --target-dir "$dir/target" 2>log; } 2>>times &&
    wc -c <"$dir/target/release/size-of-${1/./-}" >size
}
# Runs one of these in the program's directory.
in_program() {
  (cd "$dir/$2" && "$@") && return
  { echo "$2 can't be built:" && tail -n 20 "$dir/$2/log"; } >&2
  exit 1
}

for program in "${programs[@]}"; do in_program resolve "$program"; done
for ((round = 1; round <= rounds; round++)); do
  order=("${programs[@]}")
  # Every other round runs backwards, so that no program is always first.
  ((round % 2)) || mapfile -t order < <(printf '%s\n' "${programs[@]}" | tac)
  for program in "${order[@]}"; do in_program build "$program"; done
done

for program in "${programs[@]}"; do
  by_hand=${program/-ours/-hand}
  by_hand=${by_hand/clerk-rs-*/reqwest-hand} # It is over reqwest, too.
  extra=$(comm -23 <(cut -d' ' -f1 "$dir/$program/crates" | sort -u) <(cut -d' ' -f1 "$dir/$by_hand/crates" | sort -u) | wc -l)
  echo "$program $(wc -l <"$dir/$program/crates") $extra $(<"$dir/$program/size") $(paste -sd' ' "$dir/$program/times")"
done
