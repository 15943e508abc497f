//! Verifies tokens with this library and with jsonwebtoken, and compares the results.
//!
//! Half of the tokens are validly signed, with claims that vary and sometimes have a fault. The others are broken. A third opinion is
//! the expectation of what made the token. This library has more rules than signature and times, so it may reject what jsonwebtoken
//! accepts, but never the other way round.
//!
//! A seed determines the tokens, except for the key and the time of day. `TOKEN_PEER_SEED` replaces the new one of each run, and
//! `TOKEN_PEER_TOKENS` the number of tokens:
//!
//! ```text
//! TOKEN_PEER_TOKENS=1000000 cargo test --release -p clerk-sessions-tests --test suite token_peer -- --nocapture
//! ```

mod broken;
mod signed;

use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clerk_sessions_auth::{AwsLcRs, Reason, Verifier};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::Value;

use crate::signing::{Signer, rules};
use crate::simulation::random::Random;

/// The tokens of a shard have a seed of their own, so that their number of threads does not matter.
const SHARDS: u64 = 16;
const TOKENS: u64 = 4000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Accepted,
    Signature,
    Expired,
    Early,
    /// Any other fault, such as one of the text or of a rule that only one side has.
    Other,
}

/// What this library and jsonwebtoken should find.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Both(Verdict),
    Each(Verdict, Verdict),
    /// Both reject the token. If this library gets as far as the signature, both find that it is wrong.
    Rejected,
}

struct Case {
    /// What was done to the token.
    name: &'static str,
    token: String,
    expected: Expected,
}

struct Peers {
    verifier: Verifier,
    key: DecodingKey,
    validation: Validation,
    signer: Signer,
    other: Signer,
}

impl Peers {
    fn new() -> Self {
        let signer = Signer::new("ins_1");
        let (modulus, exponent) = signer.components();
        let mut validation = Validation::new(Algorithm::RS256);
        validation.leeway = 5;
        validation.validate_nbf = true;
        validation.validate_aud = false;
        Self {
            verifier: Verifier::jwk(&signer.jwk("ins_1").to_string(), AwsLcRs::new(), rules()).unwrap(),
            key: DecodingKey::from_rsa_components(&modulus, &exponent).unwrap(),
            validation,
            signer,
            other: Signer::new("ins_2"),
        }
    }

    fn ours(&self, token: &str) -> Verdict {
        match self.verifier.verify(token, unix_time()).map_err(|rejected| rejected.reason()) {
            Ok(_) => Verdict::Accepted,
            Err(Reason::TokenInvalidSignature) => Verdict::Signature,
            Err(Reason::TokenExpired) => Verdict::Expired,
            Err(Reason::TokenNotActiveYet) => Verdict::Early,
            Err(_) => Verdict::Other,
        }
    }

    fn theirs(&self, token: &str) -> Verdict {
        match jsonwebtoken::decode::<Value>(token, &self.key, &self.validation).map_err(|error| error.into_kind()) {
            Ok(_) => Verdict::Accepted,
            Err(ErrorKind::InvalidSignature) => Verdict::Signature,
            Err(ErrorKind::ExpiredSignature) => Verdict::Expired,
            Err(ErrorKind::ImmatureSignature) => Verdict::Early,
            Err(_) => Verdict::Other,
        }
    }

    /// Compares both with each other and with the expectation. Returns the verdict of this library.
    fn compare(&self, case: &Case) -> Result<Verdict, String> {
        let (ours, theirs) = (self.ours(&case.token), self.theirs(&case.token));
        let agreed = match case.expected {
            Expected::Both(verdict) => ours == verdict && theirs == verdict,
            Expected::Each(our, their) => ours == our && theirs == their,
            Expected::Rejected => {
                ours != Verdict::Accepted
                    && theirs != Verdict::Accepted
                    && (ours != Verdict::Signature || theirs == Verdict::Signature)
            }
        };
        if agreed {
            return Ok(ours);
        }
        Err(format!(
            "{}: expected {:?}, got {ours:?} and from jsonwebtoken {theirs:?}: {}",
            case.name, case.expected, case.token
        ))
    }
}

fn unix_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

type Tally = BTreeMap<(&'static str, Verdict), u64>;

fn run_shard(peers: &Peers, seed: u64, tokens: u64) -> Result<Tally, String> {
    let mut random = Random::new(seed);
    let mut tally = Tally::new();
    // Good tokens, of which the broken ones are made.
    let mut good: VecDeque<String> = (0..2).map(|_| signed::good(peers, &mut random).token).collect();
    for number in 0..tokens {
        let case =
            if number % 2 == 0 { signed::case(peers, &mut random) } else { broken::case(peers, &good, &mut random) };
        let verdict = peers.compare(&case)?;
        *tally.entry((case.name, verdict)).or_default() += 1;
        if verdict == Verdict::Accepted {
            good.push_back(case.token);
            if good.len() > 32 {
                good.pop_front();
            }
        }
    }
    Ok(tally)
}

#[test]
fn jsonwebtoken_agrees_about_signatures_and_times() {
    let setting = |name| env::var(name).ok().map(|text: String| text.parse::<u64>().expect("it is a number"));
    let seed = setting("TOKEN_PEER_SEED").unwrap_or_else(|| RandomState::new().hash_one("a fresh seed"));
    let tokens = setting("TOKEN_PEER_TOKENS").unwrap_or(TOKENS);
    println!("TOKEN_PEER_SEED={seed} TOKEN_PEER_TOKENS={tokens}");
    let (peers, started, next) = (Peers::new(), Instant::now(), AtomicU64::new(0));
    let work = || {
        let mut tally = Tally::new();
        loop {
            let shard = next.fetch_add(1, Ordering::Relaxed);
            if shard >= SHARDS {
                return tally;
            }
            let seed = Random::new(seed ^ shard).next();
            let of_shard = run_shard(&peers, seed, tokens / SHARDS).unwrap_or_else(|wrong| panic!("{wrong}"));
            of_shard.into_iter().for_each(|(key, count)| *tally.entry(key).or_default() += count);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let mut tally = Tally::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            let of_worker = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            of_worker.into_iter().for_each(|(key, count)| *tally.entry(key).or_default() += count);
        }
    });
    let count = |verdict| tally.iter().filter(|((_, of), _)| *of == verdict).map(|(_, count)| count).sum::<u64>();
    let (total, accepted) = (tally.values().sum::<u64>(), count(Verdict::Accepted));
    for ((name, verdict), count) in &tally {
        println!("{count:>8} {verdict:?}: {name}");
    }
    println!("{total} tokens in {:?}, {accepted} accepted", started.elapsed());
    assert!(10 * accepted >= 4 * total, "only {accepted} of {total} were accepted");
    for verdict in [Verdict::Signature, Verdict::Expired, Verdict::Early, Verdict::Other] {
        assert!(count(verdict) > 0, "no token was rejected as {verdict:?}");
    }
}
