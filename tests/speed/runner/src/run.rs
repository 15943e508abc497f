//! Starts the server and the subjects, each in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::Result;
use crate::plan::{At, Case, Subject};

/// The folder of the programs that were built.
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Builds all subjects and their server.
    pub(crate) fn build(workspace: &Path) -> Result<Self> {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--locked", "-p", "clerk-sessions-subjects"]).current_dir(workspace);
        // `cargo run` sets the variables with these prefixes for the runner. Some build scripts run again whenever they differ.
        let of_cargo_run = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        for (name, _) in std::env::vars_os() {
            if of_cargo_run.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                cargo.env_remove(name);
            }
        }
        cargo.env_remove("CARGO_TARGET_DIR");
        if !cargo.status()?.success() {
            return Err("the subjects can't be built".into());
        }
        Ok(Self { folder: workspace.join("target/release") })
    }

    /// The command that runs a program. The launcher comes first in it.
    pub(crate) fn program(&self, launcher: &[String], name: &str) -> Command {
        launched(launcher, &self.folder.join(name))
    }

    /// Starts the server. With a core, it is pinned to that core.
    pub(crate) fn serve(&self, core: Option<usize>) -> Result<Server> {
        let certificate = self.folder.join(if core.is_some() { "pinned.pem" } else { "free.pem" });
        let mut command = launched(&pinned(core), &self.folder.join("server"));
        let mut child = command.arg(&certificate).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let ports = line.split_whitespace().map(str::parse).collect::<std::result::Result<Vec<u16>, _>>()?;
        Ok(Server { child, certificate, ports: ports.try_into().map_err(|_| "the server did not start")? })
    }

    /// The command that runs a subject for this number of calls. The launcher, such as strace, comes first in it.
    pub(crate) fn command(
        &self,
        launcher: &[String],
        case: &Case,
        subject: &Subject,
        server: &Server,
        calls: usize,
    ) -> Command {
        let mut command = launched(launcher, &self.folder.join(subject.program));
        command.args(["--call", case.call, "--variant", subject.variant, "--url", &server.url(case.at)]);
        command.args(["--in-flight", &case.in_flight.to_string(), "--calls", &calls.to_string()]);
        if case.at.is_tls() {
            command.arg("--certificate").arg(&server.certificate);
        }
        // The clients would use a proxy that these name.
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            command.env_remove(name);
        }
        command
    }
}

impl At {
    pub(crate) fn is_tls(self) -> bool {
        !matches!(self, Self::Address | Self::Name)
    }
}

/// The launcher that pins a program to a core. Without a core it is empty.
pub(crate) fn pinned(core: Option<usize>) -> Vec<String> {
    core.map_or(Vec::new(), |core| ["taskset".to_owned(), "--cpu-list".to_owned(), core.to_string()].into())
}

fn launched(launcher: &[String], program: &Path) -> Command {
    let mut words = launcher.iter().map(AsRef::as_ref).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

/// The output of a command that has to succeed.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    let output = command.output().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(output)
}

/// A server that runs until it is dropped.
pub(crate) struct Server {
    child: Child,
    /// What its TLS is to be trusted by.
    certificate: PathBuf,
    ports: [u16; 5],
}

impl Server {
    fn url(&self, at: At) -> String {
        let (scheme, host, port) = match at {
            At::Address => ("http", "127.0.0.1", 0),
            At::Name => ("http", "localhost", 0),
            At::Tls => ("https", "127.0.0.1", 1),
            At::TlsResumed => ("https", "127.0.0.1", 2),
            At::TlsFull => ("https", "127.0.0.1", 3),
            At::Http2 => ("https", "127.0.0.1", 4),
        };
        format!("{scheme}://{host}:{}/v1", self.ports[port])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It runs until it is killed, so an error says that it has ended before.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
