//! Describes the machine.

use std::process::Command;
use std::{fs, thread};

use crate::Result;
use crate::results::Machine;
use crate::run::output;

pub(crate) fn machine() -> Result<Machine> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let processor = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    Ok(Machine {
        date: printed("date", &["+%Y-%m-%d"])?,
        commit: printed("git", &["rev-parse", "--short", "HEAD"])?,
        processor: processor.trim_start_matches([' ', '\t', ':']).to_owned(),
        cores: thread::available_parallelism()?.get(),
        kernel: printed("uname", &["-sr"])?,
        rustc: printed("rustc", &["--version"])?,
    })
}

fn printed(program: &str, arguments: &[&str]) -> Result<String> {
    Ok(String::from_utf8(output(Command::new(program).args(arguments))?.stdout)?.trim().to_owned())
}
