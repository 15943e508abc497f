//! The checks of this repository, one command each. `cargo xtask --help` lists them.

#[cfg(test)]
mod architecture;
mod bench;
mod bindings;
mod browser;
mod check;
mod fmt;
mod fuzz;
mod lint;
mod minimal_versions;
mod msrv;
mod package;
mod packages;
mod shell;
mod test;
mod words;

use std::path::Path;
use std::process::ExitCode;

use shell::Shell;

/// What a task returns: the message of an error is one line and says what to do.
type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A subcommand.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&mut Shell) -> Result,
}

const TASKS: [Task; 9] = [
    Task { name: "fmt", about: "check the formatting of all Rust code", run: fmt::run },
    Task { name: "lint", about: "words, clippy, rustdoc, licenses, features, oldest versions, MSRV", run: lint::run },
    Task { name: "test", about: "cargo test, with the drift test if there is an OpenAPI file", run: test::run },
    Task { name: "package", about: "package the published crates, run the quickstart", run: package::run },
    Task { name: "bench", about: "count instructions (valgrind), compare BENCHMARKS.md to results", run: bench::run },
    Task { name: "fuzz", about: "run each fuzz target for 3 seconds", run: fuzz::run },
    Task { name: "bindings", about: "build and test the Python, Ruby and C bindings", run: bindings::run },
    Task { name: "browser", about: "drive Chromium through the example webapp; options after --", run: browser::run },
    Task { name: "check", about: "all of the above: what .ci/run runs", run: check::run },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if split(&arguments).0.iter().any(|argument| argument == "--help" || argument == "-h") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let (names, options) = split(&arguments);
    let tasks = match chosen(names) {
        Ok(tasks) => tasks,
        Err(message) => {
            eprint!("error: {message}\n\n{}", help());
            return ExitCode::from(2);
        }
    };
    if !options.is_empty() && !tasks.iter().any(|task| task.name == "browser") {
        eprintln!("error: only the task `browser` has options");
        return ExitCode::from(2);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository");
    let mut shell = Shell::new(root.to_owned()).with_options(options.to_vec());
    let outcome = tasks.iter().try_for_each(|task| (task.run)(&mut shell));
    shell.summarize();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The names of tasks, and the options after `--`.
fn split(arguments: &[String]) -> (&[String], &[String]) {
    match arguments.iter().position(|argument| argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[]),
    }
}

fn chosen(arguments: &[String]) -> std::result::Result<Vec<&'static Task>, String> {
    if arguments.is_empty() {
        return Err("name a task".to_owned());
    }
    let find = |name: &String| TASKS.iter().find(|task| task.name == name).ok_or_else(|| format!("no task `{name}`"));
    arguments.iter().map(find).collect()
}

fn help() -> String {
    let mut help = "Usage: cargo xtask TASK... [-- OPTION...]\n\nTasks:\n".to_owned();
    for task in &TASKS {
        help += &format!("  {:<10}{}\n", task.name, task.about);
    }
    help + "
Each task prints its commands and their times, and stops at the first that fails.
`bash .ci/install` installs the tools, and `bash .ci/install-msrv` the Rust 1.85 that lint needs, into target/ci-tools.

Environment:
  CLERK_OPENAPI  the official OpenAPI file, for the drift test; by default ../shared/api/sessions.openapi.yml
"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn tasks_run_in_the_order_they_are_named() {
        let names = |line: &str| chosen(&arguments(line)).map(|tasks| tasks.iter().map(|task| task.name).collect());
        assert_eq!(names("test fmt"), Ok(vec!["test", "fmt"]));
        assert_eq!(names("fmt tests"), Err("no task `tests`".to_owned()));
        assert_eq!(names(""), Err("name a task".to_owned()));
    }

    #[test]
    fn options_come_after_two_hyphens() {
        let line = arguments("browser fmt -- --pictures DIR --");
        assert_eq!(split(&line), (&line[..2], &line[3..]));
        assert_eq!(split(&line[..2]), (&line[..2], &[][..]));
    }

    #[test]
    fn contributing_names_every_task() {
        let contributing = include_str!("../../CONTRIBUTING.md");
        for task in &TASKS {
            assert!(contributing.contains(&format!("`cargo xtask {}`", task.name)), "{}", task.name);
        }
    }
}
