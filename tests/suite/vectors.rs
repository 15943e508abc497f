//! The vectors of token verification; `cargo run --example vectors` prints them.

use std::path::Path;

use clerk_sessions_tests::vectors;

#[test]
fn every_vector_gives_what_it_expects() {
    let tallies = vectors::run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")).unwrap();
    let report = vectors::report(&tallies);
    assert!(tallies.iter().all(|tally| tally.passed == tally.total && tally.total > 5), "{report}");
}

#[test]
fn a_missing_folder_is_an_error() {
    let error = vectors::run(Path::new("/none")).unwrap_err().to_string();
    assert!(error.starts_with("/none/verify.json: "), "{error}");
}
