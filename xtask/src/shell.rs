//! Runs commands in the root of the repository, and prints each with its time.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Result;

/// The folder of the tools of `.ci/install`, relative to the root.
pub(crate) const TOOLS: &str = "target/ci-tools";

/// Variables that `cargo run` sets for this program. Some build scripts, such as ring's, run again if these change, so a build
/// from here would not share its results with a build from a terminal.
const OF_CARGO_RUN: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

pub(crate) struct Shell {
    root: PathBuf,
    /// `PATH` with the folder of the tools in front.
    path: OsString,
    /// The commands that ran, and how long each took.
    ran: Vec<(String, Duration)>,
    skipped: Vec<String>,
    options: Vec<String>,
}

impl Shell {
    pub(crate) fn new(root: PathBuf) -> Self {
        let tools = root.join(TOOLS).join("bin");
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(std::iter::once(tools).chain(env::split_paths(&inherited)));
        // A path with a colon in it can't be in PATH at all.
        Self { root, path: path.unwrap_or(inherited), ran: Vec::new(), skipped: Vec::new(), options: Vec::new() }
    }

    /// The same with options for the program that a task runs.
    pub(crate) fn with_options(self, options: Vec<String>) -> Self {
        Self { options, ..self }
    }

    /// The options after `--`.
    pub(crate) fn options(&self) -> &[String] {
        &self.options
    }

    /// The root of the repository.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A program and its arguments, separated by spaces. It runs in the root.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(&self.root).env("PATH", &self.path);
        for (name, _) in env::vars_os() {
            if OF_CARGO_RUN.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Runs a command line of [`Shell::command`].
    pub(crate) fn run(&mut self, line: &str) -> Result {
        let mut command = self.command(line);
        self.run_command(&mut command)
    }

    /// Runs a command that has, for example, its own environment variables.
    pub(crate) fn run_command(&mut self, command: &mut Command) -> Result {
        let shown = self.shown(command);
        println!("\n== {shown}");
        let started = Instant::now();
        let status = command.status().map_err(|error| format!("{shown}: {error}"))?;
        let took = started.elapsed();
        println!("== took {:.1} s", took.as_secs_f64());
        self.ran.push((shown.clone(), took));
        if status.success() { Ok(()) } else { Err(format!("{shown}: {status}").into()) }
    }

    /// Fails if a program is not installed.
    pub(crate) fn require(&self, program: &str) -> Result {
        let found = env::split_paths(&self.path).any(|folder| folder.join(program).is_file());
        if found { Ok(()) } else { Err(format!("{program} is not installed: run `bash .ci/install`").into()) }
    }

    /// Prints that a check is skipped, now and in the summary.
    pub(crate) fn skip(&mut self, what: &str) {
        println!("\n== SKIPPED: {what}");
        self.skipped.push(what.to_owned());
    }

    /// Prints all commands with their times, and the skipped checks.
    pub(crate) fn summarize(&self) {
        if self.ran.is_empty() && self.skipped.is_empty() {
            return;
        }
        println!("\n== summary");
        for (shown, took) in &self.ran {
            println!("{:8.1} s  {shown}", took.as_secs_f64());
        }
        for what in &self.skipped {
            println!("== SKIPPED: {what}");
        }
    }

    /// A command as a user would type it in the root, with paths relative to the root.
    fn shown(&self, command: &Command) -> String {
        let set = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
        let variables = set.filter(|(name, _)| *name != "PATH").map(|(name, value)| {
            let value = self.word(value);
            if value.contains(' ') {
                format!("{}=\"{value}\"", name.to_string_lossy())
            } else {
                format!("{}={value}", name.to_string_lossy())
            }
        });
        let folder = command.get_current_dir().and_then(|folder| folder.strip_prefix(&self.root).ok());
        let folder =
            folder.filter(|folder| *folder != Path::new("")).map(|folder| format!("(in {})", folder.display()));
        let words = std::iter::once(command.get_program()).chain(command.get_args()).map(|word| self.word(word));
        folder.into_iter().chain(variables).chain(words).collect::<Vec<_>>().join(" ")
    }

    fn word(&self, word: &OsStr) -> String {
        let below = Path::new(word).strip_prefix(&self.root).map(|path| path.as_os_str());
        below.unwrap_or(word).to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell() -> Shell {
        Shell::new(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned())
    }

    #[test]
    fn a_command_is_shown_as_a_user_would_type_it() {
        let shell = shell();
        let mut command = shell.command("cargo doc --workspace");
        command.env("RUSTDOCFLAGS", "-D warnings").env("FILE", shell.root().join("a/b"));
        assert_eq!(shell.shown(&command), "FILE=a/b RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace");
        command.current_dir(shell.root().join("core"));
        assert_eq!(shell.shown(&command), "(in core) FILE=a/b RUSTDOCFLAGS=\"-D warnings\" cargo doc --workspace");
    }

    #[test]
    fn the_error_of_a_failed_command_names_the_command() {
        let error = shell().run("cargo no-such-subcommand").unwrap_err().to_string();
        assert!(error.starts_with("cargo no-such-subcommand: exit"), "{error}");
    }

    #[test]
    fn the_error_of_a_missing_program_says_how_to_install_it() {
        let error = shell().require("no-such-program").unwrap_err().to_string();
        assert_eq!(error, "no-such-program is not installed: run `bash .ci/install`");
        assert!(shell().require("cargo").is_ok());
    }

    #[test]
    fn commands_do_not_inherit_the_variables_of_cargo_run() {
        let command = shell().command("cargo");
        assert!(command.get_envs().any(|(name, value)| name == "CARGO_MANIFEST_DIR" && value.is_none()));
    }
}
