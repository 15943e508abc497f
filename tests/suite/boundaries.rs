//! What the crates may depend on.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The names of the packages that a package needs to run, itself included.
fn dependencies(package: &str) -> BTreeSet<String> {
    tree(package, "normal").lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// The lines of `cargo tree` for a package, one a package: its name, its version and more.
fn tree(package: &str, edges: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-e", edges, "--prefix", "none", "--no-dedupe", "-p", package])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_core_has_at_most_18_crates_and_no_transport_among_them() {
    let crates = dependencies("clerk-sessions-core");
    assert!(crates.len() <= 18, "{} crates: {crates:?}", crates.len());
    for name in ["ureq", "reqwest", "hyper", "tokio", "rustls", "mio", "socket2", "url"] {
        assert!(!crates.contains(name), "{name} in {crates:?}");
    }
}

#[test]
fn the_adapters_bring_one_transport_each() {
    let ureq = dependencies("clerk-sessions-ureq");
    assert!(ureq.contains("ureq") && !ureq.contains("reqwest") && !ureq.contains("tokio"), "{ureq:?}");
    let reqwest = dependencies("clerk-sessions-reqwest");
    assert!(reqwest.contains("reqwest") && !reqwest.contains("ureq"), "{reqwest:?}");
}

#[test]
fn the_fake_brings_no_client_and_few_crates() {
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
