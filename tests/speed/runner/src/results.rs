//! What was measured, as it is kept in `results.json`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// Each case's subject by hand against itself.
    pub(crate) noise: Vec<Timed>,
    pub(crate) times: Vec<Timed>,
    pub(crate) counts: Vec<Counted>,
    pub(crate) threads: Vec<Threads>,
    pub(crate) machine_share: Vec<Share>,
    pub(crate) sizes: Vec<Size>,
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

/// What a call of a subject took in each round, in µs: CPU time of the process, or, if calls are in flight together, wall time.
#[derive(Serialize, Deserialize)]
pub(crate) struct Timed {
    pub(crate) group: String,
    pub(crate) case: String,
    pub(crate) subject: String,
    pub(crate) rounds: Vec<f64>,
}

/// What a call of a subject counts.
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

/// The instructions of a call that are those of the core's machine.
#[derive(Serialize, Deserialize)]
pub(crate) struct Share {
    pub(crate) in_flight: usize,
    /// Of a call by a client over a transport in memory.
    pub(crate) whole: f64,
    /// Of its encoding and decoding alone.
    pub(crate) parts: f64,
}

/// What a program that gets one session is made of.
#[derive(Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) program: String,
    pub(crate) crates: usize,
    /// Crates that the program by hand lacks.
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

    pub(crate) fn write(&self, file: &Path) -> Result {
        Ok(fs::write(file, serde_json::to_string_pretty(self)? + "\n")?)
    }
}
