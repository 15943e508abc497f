//! The allowed dependencies of the crates.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Runs cargo in the root of the repository, and returns its output.
fn cargo(arguments: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The names of the packages that a package depends on at run time, including itself.
fn dependencies(package: &str) -> BTreeSet<String> {
    names(&tree(package, "normal"))
}

/// The same with these features, besides the default ones.
fn dependencies_with(package: &str, features: &str) -> BTreeSet<String> {
    names(&tree_with(package, "normal", &["--features", features]))
}

fn names(tree: &str) -> BTreeSet<String> {
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).filter(|name| !name.is_empty()).collect()
}

/// The output of `cargo tree` for a package: a line for each package, with its name and version.
fn tree(package: &str, edges: &str) -> String {
    tree_with(package, edges, &[])
}

fn tree_with(package: &str, edges: &str, more: &[&str]) -> String {
    let arguments = ["tree", "--offline", "--locked", "-e", edges, "--prefix", "none", "--no-dedupe", "-p", package];
    cargo(&[&arguments, more].concat())
}

#[test]
fn the_core_depends_on_at_most_18_crates_and_no_transport() {
    let crates = dependencies("clerk-sessions-core");
    assert!(crates.len() <= 18, "{} crates: {crates:?}", crates.len());
    for name in ["ureq", "reqwest", "hyper", "tokio", "rustls", "mio", "socket2", "url"] {
        assert!(!crates.contains(name), "{name} in {crates:?}");
    }
}

#[test]
fn the_verification_of_tokens_depends_on_at_most_24_crates_and_no_transport() {
    let crates = dependencies("clerk-sessions-auth");
    assert!(crates.len() <= 24, "{} crates: {crates:?}", crates.len());
    for name in ["ureq", "reqwest", "hyper", "tokio", "rustls", "ring", "aws-lc-rs", "mio", "socket2", "url"] {
        assert!(!crates.contains(name), "{name} in {crates:?}");
    }
}

#[test]
fn the_feature_auth_adds_at_most_3_crates_to_ureq_and_2_to_reqwest() {
    for (package, most) in [("clerk-sessions-ureq", 3), ("clerk-sessions-reqwest", 2)] {
        let (without, with) = (dependencies(package), dependencies_with(package, "auth"));
        let more: Vec<_> = with.difference(&without).collect();
        assert!(more.iter().any(|name| *name == "clerk-sessions-auth"), "{more:?}");
        assert!(more.len() <= most, "{package}: {more:?}");
    }
}

#[test]
fn each_adapter_depends_on_one_transport() {
    let ureq = dependencies("clerk-sessions-ureq");
    assert!(ureq.contains("ureq") && !ureq.contains("reqwest") && !ureq.contains("tokio"), "{ureq:?}");
    let reqwest = dependencies("clerk-sessions-reqwest");
    assert!(reqwest.contains("reqwest") && !reqwest.contains("ureq"), "{reqwest:?}");
}

/// `cargo xtask lint` compiles the published crates with the oldest supported Rust. This test needs neither that compiler nor a build
/// to find a dependency that has become too new.
#[test]
fn no_dependency_of_a_published_crate_needs_a_newer_rust_than_the_crate_says() {
    assert_eq!(too_new(&metadata(), |_, _| {}), [""; 0]);
}

#[test]
fn a_dependency_that_needs_a_newer_rust_is_reported() {
    let too_new_by_one = too_new(&metadata(), |package, rust_version| {
        if package == "serde_json" {
            *rust_version = (1, 86);
        }
    });
    assert_eq!(too_new_by_one, ["serde_json needs Rust 1.86"]);
}

/// The metadata of the workspace for the platform of this machine. Packages of other platforms may not be downloaded.
fn metadata() -> Value {
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = cargo(&["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host]);
    serde_json::from_str(&metadata).unwrap()
}

/// The normal and build dependencies of the published packages whose `rust-version` is newer than the workspace's. `change` may
/// replace the `rust-version` of a package.
fn too_new(metadata: &Value, change: impl Fn(&str, &mut (u32, u32))) -> Vec<String> {
    let by_id = |list: &'static str, key: &'static str| -> BTreeMap<&str, &Value> {
        let list = metadata.pointer(list).unwrap().as_array().unwrap();
        list.iter().map(|item| (item[key].as_str().unwrap(), item)).collect()
    };
    let (packages, nodes) = (by_id("/packages", "id"), by_id("/resolve/nodes", "id"));
    // `publish` is an empty list if the manifest has `publish = false`.
    let members = metadata["workspace_members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap());
    let mut waiting: Vec<&str> = members.filter(|id| packages[id]["publish"].is_null()).collect();
    let ours = waiting.clone();
    assert!(ours.len() >= 3, "{ours:?}");
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let dependencies = nodes[id]["deps"].as_array().unwrap().iter();
            let of_program = |dependency: &&Value| {
                dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev")
            };
            waiting.extend(dependencies.filter(of_program).map(|dependency| dependency["pkg"].as_str().unwrap()));
        }
    }
    let oldest = ours.iter().map(|id| rust_version(packages[id]).unwrap()).min().unwrap();
    let needed = seen.iter().filter_map(|id| {
        let name = packages[id]["name"].as_str().unwrap();
        let mut needed = rust_version(packages[id])?;
        change(name, &mut needed);
        (needed > oldest).then(|| format!("{name} needs Rust {}.{}", needed.0, needed.1))
    });
    needed.collect()
}

/// The major and minor number of a package's `rust-version`.
fn rust_version(package: &Value) -> Option<(u32, u32)> {
    let mut numbers = package["rust_version"].as_str()?.split('.').map(|number| number.parse().unwrap());
    Some((numbers.next().unwrap(), numbers.next().unwrap_or(0)))
}

/// The crates that our layers, extractors and verification add to an app on axum and reqwest. `features` are those of the adapter.
fn added_to_an_app(features: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("app-with{}", features.replace(['"', ',', ' '], "-")));
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/main.rs"), "fn main() {}").unwrap();
    let manifest = format!(
        "[package]\nname = \"app\"\nedition = \"2024\"\n[workspace]\n[features]\nours = [\"dep:clerk-sessions-tower\", \
        \"dep:clerk-sessions-reqwest\"]\n[dependencies]\n\
        axum = {{ version = \"0.8\", default-features = false, features = [\"http1\", \"json\", \"tokio\"] }}\n\
        reqwest = {{ version = \"0.13\", default-features = false, features = [\"rustls\"] }}\n\
        clerk-sessions-tower = {{ path = {:?}, features = [\"axum\"], optional = true }}\n\
        clerk-sessions-reqwest = {{ path = {:?}, default-features = false, features = [{features}], optional = true }}\n",
        root.join("web-tower"),
        root.join("transport-reqwest"),
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let tree = |more: &[&str]| -> BTreeSet<String> {
        let manifest = folder.join("Cargo.toml");
        let tree = ["tree", "--offline", "-e", "normal", "--prefix", "none", "--no-dedupe", "--manifest-path"];
        let tree = cargo(&[&tree[..], &[manifest.to_str().unwrap()], more].concat());
        tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
    };
    let (app, with_ours) = (tree(&[]), tree(&["--features", "ours"]));
    assert!(app.len() > 50 && with_ours.contains("clerk-sessions-auth"), "{app:?} {with_ours:?}");
    with_ours.difference(&app).cloned().collect()
}

#[test]
fn an_app_on_axum_and_reqwest_gets_at_most_12_more_crates_and_those_of_gzip() {
    let added = added_to_an_app(r#""auth", "rustls""#);
    assert!(added.len() <= 12, "{} crates: {added:?}", added.len());
    let with_gzip = added_to_an_app(r#""auth", "gzip", "rustls""#);
    assert!(with_gzip.len() <= 20 && with_gzip.contains("flate2"), "{} crates: {with_gzip:?}", with_gzip.len());
}

#[test]
fn the_layers_depend_on_no_http_client_and_without_axum_on_none_of_its_crates() {
    let tower = dependencies("clerk-sessions-tower");
    for name in ["axum", "axum-core", "hyper", "reqwest", "tokio", "tower", "ureq"] {
        assert!(!tower.contains(name), "{name} in {tower:?}");
    }
}

#[test]
fn actix_web_is_in_no_other_crate_and_has_none_of_its_default_features() {
    let actix = dependencies("clerk-sessions-actix");
    for name in ["cookie", "regex", "h2", "brotli", "zstd", "flate2", "reqwest", "ureq", "axum"] {
        assert!(!actix.contains(name), "{name} in {actix:?}");
    }
    assert!(actix.contains("actix-web"));
    assert!(!dependencies("clerk-sessions-tests").contains("actix-web"));
}

#[test]
fn fake_clerk_depends_on_at_most_40_crates_and_no_client() {
    let fake = dependencies("clerk-sessions-fake");
    assert!(fake.len() <= 40, "{} crates: {fake:?}", fake.len());
    for name in ["clerk-sessions-core", "ureq", "reqwest", "axum", "url"] {
        assert!(!fake.contains(name), "{name} in {fake:?}");
    }
}

#[test]
fn the_quickstart_compiles_at_most_130_crates() {
    let tree = tree("clerk-sessions-quickstart", "normal,build");
    let crates: BTreeSet<_> = tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>()).collect();
    assert!(crates.len() <= 130, "{} crates: {crates:?}", crates.len());
}
