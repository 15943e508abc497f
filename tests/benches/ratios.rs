//! What the crates cost beside the same work by hand, in one process and run: encoding and decoding, and whole calls over
//! real HTTP on loopback. `cargo bench -p clerk-sessions-tests --bench ratios`
//!
//! The two take turns, in rounds; what is printed is the median of the rounds' ratios (ours to by hand) and the middle half
//! of them. CPU time is that of the calling thread, and so without the server's.

mod hand_written;

use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use clerk_sessions_core::{Api, Client, CreateSessionToken, GetSession, ListSessions};
use clerk_sessions_reqwest::ReqwestTransport;
use clerk_sessions_tests::canned::{Canned, SESSION, list, token};
use clerk_sessions_ureq::UreqTransport;
use cpu_time::ThreadTime;
use hand_written::{Session, Token, encode, over_reqwest, over_ureq};
use http::Response;
use serde::de::DeserializeOwned;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const ROUNDS: usize = 41;
const SESSION_ID: &str = "sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa";
const IN_FLIGHT: usize = 64;

fn main() {
    let base_url = serve();
    let api = Api::builder("sk_test_2aaaaaaaaaaaaaaaaaaaaaaaaaa").base_url(&base_url).build().unwrap();
    let ureq = UreqTransport::builder().max_idle_connections(IN_FLIGHT).no_proxy().build().unwrap();
    let ureq = Ureq {
        ours: clerk_sessions_ureq::Client::new(api.clone(), ureq),
        agent: over_ureq::agent(),
        base_url: base_url.clone(),
    };
    let reqwest = ReqwestTransport::builder().no_proxy().build().unwrap();
    let reqwest = Reqwest {
        ours: clerk_sessions_reqwest::Client::new(api.clone(), reqwest),
        client: over_reqwest::client(),
        base_url,
        runtime: Builder::new_current_thread().enable_all().build().unwrap(),
    };
    println!("{:<36}{:>12}{:>12}{:>9}{:>18}", "", "ours", "by hand", "ratio", "middle half");
    without_http(&api);
    for (what, count) in [(Call::Get, 400), (Call::List, 20), (Call::Token, 400)] {
        compare(&format!("ureq {what:?}, CPU"), cpu, || ureq.ours(what, count), || ureq.by_hand(what, count), count);
        compare(
            &format!("reqwest {what:?}, CPU"),
            cpu,
            || reqwest.ours(what, count),
            || reqwest.by_hand(what, count),
            count,
        );
    }
    let count = 4 * IN_FLIGHT;
    compare("ureq Get, 64 threads, wall", wall, || ureq.ours_at_once(), || ureq.by_hand_at_once(), count);
    compare("reqwest Get, 64 in flight, wall", wall, || reqwest.ours_at_once(), || reqwest.by_hand_at_once(), count);
    for (name, call) in
        [("ureq", &(|| ureq.ours(Call::Get, 1000)) as &dyn Fn()), ("reqwest", &|| reqwest.ours(Call::Get, 1000))]
    {
        call();
        let before = resident_kib();
        (0..10).for_each(|_| call());
        println!("{name}: resident memory {before} KiB, after 10,000 more calls {} KiB", resident_kib());
    }
}

/// Encoding, decoding, and what a whole call adds to both.
fn without_http(api: &Api) {
    let times = |count: usize, run: &dyn Fn()| (0..count).for_each(|_| run());
    let get = GetSession::new(SESSION_ID);
    let by_hand = encode::Prepared::new();
    compare(
        "encode get",
        cpu,
        || times(5000, &|| drop(black_box(api.request(black_box(&get)).unwrap()))),
        || times(5000, &|| drop(black_box(by_hand.get(black_box(SESSION_ID))))),
        5000,
    );
    let (session, sessions, token) = (SESSION.to_owned(), list(500), token());
    let response = |body: &str| Response::new(body.as_bytes().to_vec());
    compare(
        "decode session",
        cpu,
        || times(2000, &|| drop(black_box(api.parse::<GetSession>(response(&session)).unwrap()))),
        || times(2000, &|| drop(black_box(decode::<Session>(&response(&session))))),
        2000,
    );
    compare(
        "decode list of 500",
        cpu,
        || times(5, &|| drop(black_box(api.parse::<ListSessions>(response(&sessions)).unwrap()))),
        || times(5, &|| drop(black_box(decode::<Vec<Session>>(&response(&sessions))))),
        5,
    );
    compare(
        "decode token",
        cpu,
        || times(5000, &|| drop(black_box(api.parse::<CreateSessionToken>(response(&token)).unwrap()))),
        || times(5000, &|| drop(black_box(decode::<Token>(&response(&token))))),
        5000,
    );
    let (client, canned) = (Client::new(api.clone(), Canned::ok(SESSION)), Canned::ok(SESSION));
    compare(
        "get in memory : encode + decode",
        cpu,
        || times(2000, &|| drop(black_box(client.call(&get).unwrap()))),
        || {
            times(2000, &|| {
                drop(black_box(api.request(&get).unwrap()));
                drop(black_box(api.parse::<GetSession>(canned.response()).unwrap()));
            });
        },
        2000,
    );
}

fn decode<T: DeserializeOwned>(response: &Response<Vec<u8>>) -> T {
    assert!(response.status().is_success());
    serde_json::from_slice(response.body()).unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Get,
    List,
    Token,
}

fn cpu(run: &dyn Fn()) -> Duration {
    let start = ThreadTime::now();
    run();
    start.elapsed()
}

fn wall(run: &dyn Fn()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn compare(name: &str, clock: fn(&dyn Fn()) -> Duration, ours: impl Fn(), by_hand: impl Fn(), count: usize) {
    let mut rounds: Vec<(f64, f64)> = (0..=ROUNDS)
        .map(|round| {
            // Whoever is second finds warm caches: they take turns at that, too.
            let (first, second): (&dyn Fn(), &dyn Fn()) =
                if round % 2 == 0 { (&ours, &by_hand) } else { (&by_hand, &ours) };
            let (first, second) = (clock(first).as_secs_f64(), clock(second).as_secs_f64());
            if round % 2 == 0 { (first, second) } else { (second, first) }
        })
        .collect();
    rounds.remove(0);
    let median = |values: Vec<f64>, at: f64| {
        let mut values = values;
        values.sort_by(f64::total_cmp);
        values[((values.len() - 1) as f64 * at) as usize]
    };
    let micros = |values: Vec<f64>| median(values, 0.5) * 1e6 / count as f64;
    let ratios: Vec<f64> = rounds.iter().map(|(ours, by_hand)| ours / by_hand).collect();
    println!(
        "{name:<36}{:>9.1} µs{:>9.1} µs{:>9.3}     {:.3} to {:.3}",
        micros(rounds.iter().map(|(ours, _)| *ours).collect()),
        micros(rounds.iter().map(|(_, by_hand)| *by_hand).collect()),
        median(ratios.clone(), 0.5),
        median(ratios.clone(), 0.25),
        median(ratios, 0.75),
    );
}

struct Ureq {
    ours: clerk_sessions_ureq::Client,
    agent: ureq::Agent,
    base_url: String,
}

impl Ureq {
    fn ours(&self, call: Call, count: usize) {
        let sessions = self.ours.sessions();
        for _ in 0..count {
            match call {
                Call::Get => drop(sessions.get(SESSION_ID).unwrap()),
                Call::List => drop(sessions.list(ListSessions::new().limit(500)).unwrap()),
                Call::Token => drop(sessions.create_token(CreateSessionToken::new(SESSION_ID)).unwrap()),
            }
        }
    }

    fn by_hand(&self, call: Call, count: usize) {
        let Self { agent, base_url, .. } = self;
        for _ in 0..count {
            match call {
                Call::Get => drop(over_ureq::get::<Session>(agent, &format!("{base_url}/sessions/{SESSION_ID}"))),
                Call::List => drop(over_ureq::get::<Vec<Session>>(agent, &format!("{base_url}/sessions?limit=500"))),
                Call::Token => {
                    let url = format!("{base_url}/sessions/{SESSION_ID}/tokens");
                    drop(over_ureq::post::<Token>(agent, &url, b"{}"));
                }
            }
        }
    }

    fn ours_at_once(&self) {
        std::thread::scope(|scope| (0..IN_FLIGHT).for_each(|_| drop(scope.spawn(|| self.ours(Call::Get, 4)))));
    }

    fn by_hand_at_once(&self) {
        std::thread::scope(|scope| (0..IN_FLIGHT).for_each(|_| drop(scope.spawn(|| self.by_hand(Call::Get, 4)))));
    }
}

struct Reqwest {
    ours: clerk_sessions_reqwest::Client,
    client: reqwest::Client,
    base_url: String,
    runtime: Runtime,
}

impl Reqwest {
    fn ours(&self, call: Call, count: usize) {
        self.runtime.block_on(ours(self.ours.clone(), call, count));
    }

    fn by_hand(&self, call: Call, count: usize) {
        self.runtime.block_on(by_hand(self.client.clone(), self.base_url.clone(), call, count));
    }

    fn ours_at_once(&self) {
        self.runtime.block_on(async {
            (0..IN_FLIGHT).map(|_| ours(self.ours.clone(), Call::Get, 4)).collect::<JoinSet<()>>().join_all().await;
        });
    }

    fn by_hand_at_once(&self) {
        self.runtime.block_on(async {
            let task = |_| by_hand(self.client.clone(), self.base_url.clone(), Call::Get, 4);
            (0..IN_FLIGHT).map(task).collect::<JoinSet<()>>().join_all().await;
        });
    }
}

async fn ours(client: clerk_sessions_reqwest::Client, call: Call, count: usize) {
    let sessions = client.sessions();
    for _ in 0..count {
        match call {
            Call::Get => drop(sessions.get(SESSION_ID).await.unwrap()),
            Call::List => drop(sessions.list(ListSessions::new().limit(500)).await.unwrap()),
            Call::Token => drop(sessions.create_token(CreateSessionToken::new(SESSION_ID)).await.unwrap()),
        }
    }
}

async fn by_hand(client: reqwest::Client, base_url: String, call: Call, count: usize) {
    for _ in 0..count {
        match call {
            Call::Get => {
                drop(over_reqwest::get::<Session>(&client, &format!("{base_url}/sessions/{SESSION_ID}")).await);
            }
            Call::List => {
                drop(over_reqwest::get::<Vec<Session>>(&client, &format!("{base_url}/sessions?limit=500")).await);
            }
            Call::Token => {
                let url = format!("{base_url}/sessions/{SESSION_ID}/tokens");
                drop(over_reqwest::post::<Token>(&client, &url, b"{}").await);
            }
        }
    }
}

/// A server that costs as little as can be: a thread a connection, and responses that are ready.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|stream| drop(std::thread::spawn(|| respond(stream))))
    });
    base_url
}

fn respond(mut stream: TcpStream) {
    let whole = |body: &str| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    };
    let (session, sessions, token) = (whole(SESSION), whole(&list(500)), whole(&token()));
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut head) = (String::new(), String::new());
    loop {
        head.clear();
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        let response = match head.split(' ').nth(1) {
            Some(target) if target.ends_with("/tokens") => &token,
            Some(target) if target.contains("limit=500") => &sessions,
            _ => &session,
        };
        if stream.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
