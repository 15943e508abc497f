//! The measurements, as `results.json` stores them.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::in_process::Measurements;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// The bare program of each case against itself.
    pub(crate) noise: Vec<Timed>,
    pub(crate) times: Vec<Timed>,
    pub(crate) counts: Vec<Counted>,
    pub(crate) threads: Vec<Threads>,
    pub(crate) machine_share: Vec<Share>,
    pub(crate) sizes: Vec<Size>,
    #[serde(default)]
    pub(crate) verification: Measurements,
    #[serde(default)]
    pub(crate) requests: Measurements,
}

/// Where and when it was measured.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) commit: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
}

/// The time of a call in each round, in µs: CPU time of the process or, if calls are in flight together, wall time.
#[derive(Serialize, Deserialize)]
pub(crate) struct Timed {
    pub(crate) group: String,
    pub(crate) case: String,
    pub(crate) subject: String,
    pub(crate) rounds: Vec<f64>,
}

/// The counts of a call.
#[derive(Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) group: String,
    pub(crate) case: String,
    pub(crate) subject: String,
    pub(crate) system_calls: f64,
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

/// How many threads 10,000 calls on kept connections started.
#[derive(Serialize, Deserialize)]
pub(crate) struct Threads {
    pub(crate) group: String,
    pub(crate) subject: String,
    pub(crate) started: usize,
}

/// The instructions of a call without HTTP.
#[derive(Serialize, Deserialize)]
pub(crate) struct Share {
    /// The HTTP library that the client is for: ureq the blocking client, reqwest the async one.
    pub(crate) group: String,
    pub(crate) in_flight: usize,
    /// By a client over a transport in memory.
    pub(crate) whole: f64,
    /// By encoding, sending, decoding and checking alone.
    pub(crate) parts: f64,
}

/// The size of a program that gets one session, and of its build.
#[derive(Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) program: String,
    pub(crate) crates: usize,
    /// The crates that the program by hand does not need.
    pub(crate) extra_crates: usize,
    /// Wall time of cold release builds.
    pub(crate) build_seconds: Vec<f64>,
    /// Of the stripped binary.
    pub(crate) bytes: u64,
}

impl Results {
    /// Reads the file, or starts anew where there is none.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        if !file.exists() {
            return Ok(Self::default());
        }
        Ok(serde_json::from_slice(&fs::read(file)?).map_err(|error| format!("{}: {error}", file.display()))?)
    }

    /// Adds sizes, in place of older ones of the same programs.
    pub(crate) fn replace_sizes(&mut self, sizes: Vec<Size>) {
        self.sizes.retain(|old| sizes.iter().all(|new| new.program != old.program));
        self.sizes.extend(sizes);
        // The order of the table: ureq, reqwest, clerk-rs; of each, ours first.
        self.sizes.sort_by(|one, other| other.program.cmp(&one.program));
    }

    pub(crate) fn write(&self, file: &Path) -> Result {
        Ok(fs::write(file, serde_json::to_string_pretty(self)? + "\n")?)
    }
}
