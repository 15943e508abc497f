//! What the crates may depend on.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The packages of `cargo tree -e normal` for a package, itself included.
fn dependencies(package: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-e", "normal", "--prefix", "none", "--no-dedupe", "-p", package])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).filter(|name| !name.is_empty()).collect()
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
