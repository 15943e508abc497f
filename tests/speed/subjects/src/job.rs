//! The job of a subject: which call it makes, to which server, and how often. It prints the time that the calls took.

use std::error::Error;
use std::future::Future;
use std::time::Instant;
use std::{fs, thread};

use cpu_time::ProcessTime;
use lexopt::{Arg, Parser, ValueExt as _};
use tokio::runtime::Builder;

use crate::canned::SESSION_ID;

/// The key that all calls are made with.
pub const SECRET_KEY: &str = "sk_test_2aaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A call, by its method of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `get`
    Get,
    /// `create_token`
    Token,
    /// `list`, 500 sessions
    List,
}

impl Call {
    fn parse(name: &str) -> Result<Self, String> {
        match name {
            "get" => Ok(Self::Get),
            "token" => Ok(Self::Token),
            "list" => Ok(Self::List),
            _ => Err(format!("no call {name}")),
        }
    }

    /// The URL of the call.
    #[must_use]
    pub fn url(self, base_url: &str) -> String {
        match self {
            Self::Get => format!("{base_url}/sessions/{SESSION_ID}"),
            Self::Token => format!("{base_url}/sessions/{SESSION_ID}/tokens"),
            Self::List => format!("{base_url}/sessions?limit=500"),
        }
    }
}

/// The job of a subject, from its arguments.
#[derive(Clone, Debug)]
pub struct Job {
    pub call: Call,
    /// Which variant of the program to run.
    pub variant: String,
    /// The base URL of the server, such as `http://127.0.0.1:1234/v1`.
    pub base_url: String,
    /// The certificate to trust, as PEM.
    pub certificate: Option<Vec<u8>>,
    in_flight: usize,
    /// The number of calls before the measured ones, at least ten by each task. They open the connections and warm the caches.
    warm_up: usize,
    calls: usize,
}

impl Job {
    /// Reads `--call get|token|list --variant NAME --url URL --certificate FILE --in-flight N --warm-up N --calls N`.
    ///
    /// # Errors
    /// An argument is unknown or has no value, or the file can't be read.
    pub fn from_args() -> Result<Self, Box<dyn Error>> {
        let mut job = Self {
            call: Call::Get,
            variant: String::new(),
            base_url: String::new(),
            certificate: None,
            in_flight: 1,
            warm_up: 200,
            calls: 1,
        };
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("call") => job.call = Call::parse(&parser.value()?.string()?)?,
                Arg::Long("variant") => job.variant = parser.value()?.string()?,
                Arg::Long("url") => job.base_url = parser.value()?.string()?,
                Arg::Long("certificate") => job.certificate = Some(fs::read(parser.value()?)?),
                Arg::Long("in-flight") => job.in_flight = parser.value()?.parse()?,
                Arg::Long("warm-up") => job.warm_up = parser.value()?.parse()?,
                Arg::Long("calls") => job.calls = parser.value()?.parse()?,
                _ => return Err(argument.unexpected().into()),
            }
        }
        Ok(job)
    }

    /// The URL of the call.
    #[must_use]
    pub fn url(&self) -> String {
        self.call.url(&self.base_url)
    }

    /// Makes the calls, with a thread for each call in flight.
    pub fn run(&self, call: impl Fn() + Sync) {
        let share = |calls: usize| (0..calls / self.in_flight).for_each(|_| call());
        let all = |calls: usize| match self.in_flight {
            1 => share(calls),
            threads => thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(|| share(calls))))),
        };
        all(self.warm_up.max(10 * self.in_flight));
        let start = Start::now();
        all(self.calls);
        start.print();
    }

    /// Makes the calls on a tokio runtime: with one thread for one call in flight, else with two. `call` makes this number of calls,
    /// one after the other.
    pub fn run_async<F: Future<Output = ()> + Send + 'static>(
        &self,
        call: impl Fn(usize) -> F + Send + Sync + Clone + 'static,
    ) {
        let mut builder = if self.in_flight == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        let all = |calls: usize| {
            runtime.block_on(async {
                match self.in_flight {
                    1 => call(calls).await,
                    tasks => {
                        let started: Vec<_> = (0..tasks).map(|_| tokio::spawn(call(calls / tasks))).collect();
                        for task in started {
                            task.await.expect("no call fails");
                        }
                    }
                }
            });
        };
        all(self.warm_up.max(10 * self.in_flight));
        let start = Start::now();
        all(self.calls);
        start.print();
    }
}

struct Start {
    cpu: ProcessTime,
    wall: Instant,
}

impl Start {
    fn now() -> Self {
        Self { cpu: ProcessTime::now(), wall: Instant::now() }
    }

    /// Prints the CPU time and the wall time since the start, in nanoseconds.
    fn print(&self) {
        println!("{} {}", self.cpu.elapsed().as_nanos(), self.wall.elapsed().as_nanos());
    }
}
