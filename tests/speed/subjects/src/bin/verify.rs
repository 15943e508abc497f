//! Verifies a session token, the same one each time. Variants, by what verifies it:
//!
//! - `ours`: clerk-sessions-auth with aws-lc-rs, `raw`: the signature check of aws-lc-rs alone, with a parsed key.
//! - `ours-ring`: clerk-sessions-auth with the ring of rustls, `raw-ring`: the signature check of ring alone.
//! - `jsonwebtoken`, with aws-lc-rs and a given key, and `clerk-rs`, with a given key.
//! - `set`: as `ours`, with a key set, and `flow`: with a key set that was fetched, by an `Authenticator`.
//! - `cached`: as `ours`, and 1,000 tokens in turn that the cache has.

use std::error::Error;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use clerk_rs::validators::authorizer::validate_jwt_with_key;
use clerk_rs::validators::jwks::JwksKey;
use clerk_sessions_auth::{Authenticator, AuthorizedParties, AwsLcRs, JwksVerifier, Rules, Rustls, Verifier};
use clerk_sessions_core::Api;
use clerk_sessions_core::call::CallContext;
use clerk_sessions_subjects::in_process::InProcess;
use clerk_sessions_subjects::job::{Job, SECRET_KEY};
use clerk_sessions_subjects::tokens::{KEY_ID, PARTY, Signer, parts, unix_time};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::from_args()?;
    let signer = Signer::new();
    let key = signer.public_key();
    let token = signer.token(0);
    let rules = Rules::new(AuthorizedParties::list([PARTY])?);
    match &*job.variant {
        "ours" => ours(&job, &Verifier::jwk(&key.jwk(), AwsLcRs::new(), rules)?, &token),
        "set" => ours(&job, &Verifier::jwks(&key.jwks(), AwsLcRs::new(), rules)?, &token),
        "ours-ring" => {
            let ring = rustls::crypto::ring::default_provider().signature_verification_algorithms.all;
            ours(&job, &Verifier::jwk(&key.jwk(), Rustls::new(ring), rules)?, &token);
        }
        "raw" => {
            let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, signer.public_key_der())?;
            let (signed, signature) = parts(&token);
            job.run(|| key.verify_sig(black_box(signed.as_bytes()), &signature).unwrap());
        }
        "raw-ring" => {
            let parameters = &ring::signature::RSA_PKCS1_2048_8192_SHA256;
            let key = ring::signature::UnparsedPublicKey::new(parameters, signer.public_key_der());
            let (signed, signature) = parts(&token);
            job.run(|| key.verify(black_box(signed.as_bytes()), &signature).unwrap());
        }
        "jsonwebtoken" => {
            let key = DecodingKey::from_rsa_components(&key.modulus, &key.exponent)?;
            let mut rules = Validation::new(Algorithm::RS256);
            rules.validate_nbf = true;
            job.run(|| drop(black_box(jsonwebtoken::decode::<Claims>(black_box(&token), &key, &rules).unwrap())));
        }
        "clerk-rs" => {
            let text = str::to_owned;
            let key = JwksKey {
                use_key: text("sig"),
                kty: text("RSA"),
                kid: text(KEY_ID),
                alg: text("RS256"),
                n: key.modulus,
                e: key.exponent,
            };
            job.run(|| drop(black_box(validate_jwt_with_key(black_box(&token), &key).unwrap())));
        }
        "flow" => {
            let context = CallContext::new(Api::new(SECRET_KEY)?);
            let verifier = JwksVerifier::new(context, AwsLcRs::new(), rules)?;
            let clerk = Authenticator::new(verifier, InProcess::new(key.jwks()));
            clerk.warm_up()?;
            job.run(|| drop(black_box(clerk.verify(black_box(&token)).unwrap().unwrap())));
        }
        "cached" => {
            let verifier = Verifier::jwk(&key.jwk(), AwsLcRs::new(), rules)?.with_cache(4096);
            let tokens: Vec<String> = (0..1000).map(|number| signer.token(number)).collect();
            for token in &tokens {
                let _verified = verifier.verify(token, unix_time())?;
            }
            // The time is given, as reading the clock would be a large part of what is measured.
            let (now, turns) = (unix_time(), AtomicUsize::new(0));
            job.run(|| {
                let turn = turns.load(Ordering::Relaxed);
                turns.store(if turn == 999 { 0 } else { turn + 1 }, Ordering::Relaxed);
                drop(black_box(verifier.verify(&tokens[turn], now).unwrap()));
            });
        }
        other => return Err(format!("no variant {other}").into()),
    }
    Ok(())
}

fn ours(job: &Job, verifier: &Verifier, token: &str) {
    job.run(|| drop(black_box(verifier.verify(black_box(token), unix_time()).unwrap())));
}

/// The claims of the token, for jsonwebtoken: those that clerk-sessions-auth finds in each token, and no others.
#[derive(Deserialize)]
#[allow(dead_code)] // It is only read.
struct Claims {
    azp: Option<String>,
    exp: i64,
    fea: Option<String>,
    fva: Option<[i64; 2]>,
    iat: i64,
    iss: String,
    nbf: i64,
    o: Option<Organization>,
    pla: Option<String>,
    sid: String,
    sts: Option<String>,
    sub: String,
    v: Option<i64>,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Organization {
    fpm: Option<String>,
    id: String,
    per: Option<String>,
    rol: Option<String>,
    slg: Option<String>,
}
