//! Runs the conformance table against a program in any language.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clerk_sessions_fake::{FakeClerk, FakeServer, Seed};
use serde_json::{Value, json};

use crate::conformance::Subject;

/// A running program that makes the requested calls.
///
/// For each case, it reads four lines: the settings of a new client as JSON, the operationId, the parameters as JSON, and an empty
/// line. It writes one line, `{"result": …}` or `{"error": …}`.
pub struct Program {
    server: FakeServer,
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Program {
    /// Starts the program, and the fake that the program has to call.
    ///
    /// # Errors
    /// If one of them can't be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let server = FakeServer::start(FakeClerk::new(Seed::default()))?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let pipes = stdin.zip(stdout).map(|(stdin, stdout)| Mutex::new((stdin, BufReader::new(stdout))));
        Ok(Self { server, child, pipes: pipes.ok_or(io::ErrorKind::BrokenPipe)? })
    }

    fn ask(&self, settings: &Value, operation: &str, params: &Value) -> io::Result<Value> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let (stdin, stdout) = &mut *pipes;
        write!(stdin, "{settings}\n{operation}\n{params}\n\n")?;
        stdin.flush()?;
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Subject for Program {
    fn base_url(&self) -> String {
        self.server.base_url()
    }

    fn fake(&self) -> MutexGuard<'_, FakeClerk> {
        self.server.fake()
    }

    fn call(&self, secret_key: &str, operation: &str, params: &Value) -> Result<Value, Value> {
        let settings = json!({"secret_key": secret_key, "base_url": self.base_url()});
        match self.ask(&settings, operation, params) {
            Ok(mut line) => match line.get_mut("result") {
                Some(result) => Ok(result.take()),
                None => Err(line["error"].take()),
            },
            Err(error) => Err(json!({"kind": "none", "message": format!("the program wrote no line: {error}")})),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The program may already have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
