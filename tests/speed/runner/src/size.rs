//! Measures the size of programs that get one session, and of their builds, with `size.sh`.

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

/// Parses a line of its output: program, crates, extra crates, bytes, and the seconds of each build.
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
