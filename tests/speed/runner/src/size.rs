//! Measures what a program that gets one session is made of, by `size.sh`.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Result;
use crate::results::Size;

/// Measures the programs over one HTTP library, or all.
pub(crate) fn sizes(workspace: &Path, rounds: usize, http: &str) -> Result<Vec<Size>> {
    let mut command = Command::new("bash");
    command.arg(workspace.join("size.sh")).args([&rounds.to_string(), http]).stderr(Stdio::inherit());
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("size.sh: {}", output.status).into());
    }
    String::from_utf8(output.stdout)?.lines().map(size).collect()
}

/// A line of it: the program, its crates, those of them that the program by hand lacks, bytes, and a time for each build.
fn size(line: &str) -> Result<Size> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [program, crates, extra_crates, bytes, seconds @ ..] = &words[..] else {
        return Err(format!("size.sh printed: {line}").into());
    };
    Ok(Size {
        program: (*program).to_owned(),
        crates: crates.parse()?,
        extra_crates: extra_crates.parse()?,
        bytes: bytes.parse()?,
        build_seconds: seconds.iter().map(|second| second.parse()).collect::<std::result::Result<_, _>>()?,
    })
}
