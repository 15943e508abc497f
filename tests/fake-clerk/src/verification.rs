//! What tests of token verification need: tokens with any header and claims, the public keys, their rotation and their faults.

use serde_json::Value;

use super::jwt::Category;
use super::{FakeClerk, JwksResponse, Signature, publishable_key};

/// For tests of token verification.
impl FakeClerk {
    /// Signs a session token with exactly these claims, by the current key.
    ///
    /// Use it for claims that the API never issues, such as a missing `iat` or one that is too old.
    ///
    /// ```
    /// use clerk_sessions_fake::{FakeClerk, Seed};
    /// use serde_json::json;
    ///
    /// let fake = FakeClerk::new(Seed::default());
    /// let expired = fake.sign(&json!({ "sub": "user_1", "sid": "sess_1", "exp": 1_700_000_000 }));
    /// # assert_eq!(expired.split('.').count(), 3);
    /// ```
    #[must_use]
    pub fn sign(&self, claims: &Value) -> String {
        self.state.signer().sign(claims, Category::Session)
    }

    /// Signs a token with exactly these claims, and with the header of a session token in which these members are replaced. A member
    /// that is null is left out. If `members` is not an object, it is the header as it is.
    ///
    /// The signature is valid: `RS384` and `RS512` as `alg` select these algorithms, and any other text is signed with RS256. The key
    /// is the current one, also for another `kid`.
    ///
    /// ```
    /// use clerk_sessions_fake::{FakeClerk, Seed};
    /// use serde_json::json;
    ///
    /// let fake = FakeClerk::new(Seed::default());
    /// let claims = json!({ "sub": "user_1", "exp": 4_000_000_000_u64 });
    /// for header in [json!({ "cat": "cl_B7d4PD333AAA" }), json!({ "alg": "none" }), json!({ "kid": null })] {
    ///     let token = fake.sign_with_header(&header, &claims);
    /// #   assert_ne!(token, fake.sign(&claims));
    ///     // A verifier has to refuse it.
    /// }
    /// ```
    #[must_use]
    pub fn sign_with_header(&self, members: &Value, claims: &Value) -> String {
        self.state.signer().sign_with_header(members, claims)
    }

    /// Signs a token whose header and payload are exactly these bytes, which need not be JSON. The key is the current one. If the
    /// header is an object with `alg`, it selects the algorithm as for [`sign_with_header`](FakeClerk::sign_with_header).
    #[must_use]
    pub fn sign_bytes(&self, header: &[u8], payload: &[u8]) -> String {
        self.state.signer().sign_bytes(header, payload)
    }

    /// The public key of the current key as a PEM file, in the format SPKI: `-----BEGIN PUBLIC KEY-----` and so on.
    #[must_use]
    pub fn pem(&self) -> String {
        self.state.keys.pem()
    }

    /// The key set that `GET /v1/jwks` returns, whatever [`set_jwks_response`](FakeClerk::set_jwks_response) has set. The current key
    /// comes first.
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.state.keys.key_set()
    }

    /// The id of the current key, the `kid` of new tokens: at first `ins_fake_clerk`, after one rotation `ins_fake_clerk_2`, and so
    /// on. With another [issuer](crate::Seed::issuer) than the default, it has the host: `ins_of_clerk_example_com`.
    #[must_use]
    pub fn key_id(&self) -> String {
        self.state.keys.current_id()
    }

    /// A publishable key whose Frontend API is the [issuer](crate::Seed::issuer) of the seed: `pk_live_…` if the seed is for production,
    /// else `pk_test_…`.
    ///
    /// A program that has it can fetch the key set without a secret key, from `https://HOST/.well-known/jwks.json`. FakeClerk serves that
    /// path for every host, but over a socket only with HTTP: pass the address of the server to the program, too.
    #[must_use]
    pub fn publishable_key(&self) -> String {
        publishable_key::of(&self.state.seed)
    }

    /// Makes another key the current one, which signs all later tokens. With `keep_old`, the earlier keys stay in the key set;
    /// otherwise they are withdrawn.
    ///
    /// A refresh still accepts tokens that earlier keys have signed. All fakes of a process with the same
    /// [issuer](crate::Seed::issuer) use the same keys in the same order, and a new fake begins with the first. The first rotation to a
    /// key in a process generates it, which takes a moment.
    ///
    /// ```
    /// use clerk_sessions_fake::{FakeClerk, Seed};
    ///
    /// let mut fake = FakeClerk::new(Seed::default());
    /// fake.rotate_keys(true);
    /// assert_eq!(fake.jwks()["keys"].as_array().unwrap().len(), 2);
    /// fake.rotate_keys(false);
    /// assert_eq!(fake.jwks()["keys"][0]["kid"], "ins_fake_clerk_3");
    /// assert_eq!(fake.jwks()["keys"].as_array().unwrap().len(), 1);
    /// ```
    pub fn rotate_keys(&mut self, keep_old: bool) {
        self.state.keys.rotate(keep_old);
        if self.state.seed.signature == Signature::Rsa {
            self.state.keys.prepare();
        }
    }

    /// Sets the response to requests for the key set. [`reset`](FakeClerk::reset) restores the one of the seed.
    ///
    /// ```
    /// use clerk_sessions_fake::{FakeClerk, JwksResponse, Seed};
    ///
    /// let mut fake = FakeClerk::new(Seed::default());
    /// fake.set_jwks_response(JwksResponse::status(503)); // it is down
    /// fake.set_jwks_response(JwksResponse { delay_ms: 300, ..JwksResponse::empty() }); // it has no keys, and is slow
    /// fake.set_jwks_response(JwksResponse::default()); // it works again
    /// ```
    pub fn set_jwks_response(&mut self, response: JwksResponse) {
        self.state.seed.jwks_response = response;
    }

    /// The number of requests for the key set, `GET /v1/jwks` and `GET /.well-known/jwks.json`, whatever the response was.
    /// [`reset`](FakeClerk::reset) sets it to zero.
    #[must_use]
    pub fn jwks_requests(&self) -> u64 {
        self.state.jwks_requests
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD as BASE64, BASE64_URL_SAFE_NO_PAD as BASE64URL};
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
    use serde_json::json;

    use super::super::Seed;
    use super::super::testing::{Client, claims_of};
    use super::*;

    /// What precedes a PKCS #1 key of 2048 bits in the format SPKI, by RFC 8017 and RFC 5280.
    const SPKI_PREFIX: [u8; 24] = [
        0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05,
        0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
    ];

    /// Whether another implementation verifies the token.
    fn verifies(token: &str, key: &DecodingKey, algorithm: Algorithm) -> bool {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        decode::<Value>(token, key, &validation).is_ok()
    }

    fn key_in_pem(pem: &str) -> DecodingKey {
        let text = pem.strip_prefix("-----BEGIN PUBLIC KEY-----\n").unwrap();
        let text = text.strip_suffix("\n-----END PUBLIC KEY-----\n").unwrap();
        assert!(text.lines().all(|line| line.len() <= 64));
        let der = BASE64.decode(text.replace('\n', "")).unwrap();
        DecodingKey::from_rsa_der(der.strip_prefix(&SPKI_PREFIX).unwrap())
    }

    /// The key that a verifier finds in a key set for this token.
    fn key_in_set(jwks: &Value, token: &str) -> Option<DecodingKey> {
        let kid = decode_header(token).unwrap().kid.unwrap();
        let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid.as_str())?;
        Some(DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap()).unwrap())
    }

    fn header_of(token: &str) -> Value {
        serde_json::from_slice(&BASE64URL.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn the_pem_and_the_key_set_verify_the_same_tokens() {
        let mut fake = FakeClerk::new(Seed::default());
        for _ in 0..2 {
            let token = fake.sign(&json!({ "sub": "user_1" }));
            assert_eq!(claims_of(&token), json!({ "sub": "user_1" }));
            let pem = key_in_pem(&fake.pem());
            assert!(verifies(&token, &pem, Algorithm::RS256));
            assert!(verifies(&token, &key_in_set(&fake.jwks(), &token).unwrap(), Algorithm::RS256));
            fake.rotate_keys(true);
            assert!(!verifies(&fake.sign(&json!({})), &pem, Algorithm::RS256));
        }
    }

    #[test]
    fn the_header_has_the_members_that_were_asked_for_and_the_signature_is_valid() {
        let fake = FakeClerk::new(Seed::default());
        let key = key_in_pem(&fake.pem());
        let usual = json!({ "alg": "RS256", "cat": "cl_B7d4PD111AAA", "kid": "ins_fake_clerk", "typ": "JWT" });
        assert_eq!(header_of(&fake.sign(&json!({}))), usual);
        for (name, value) in [
            ("cat", json!("cl_B7d4PD333AAA")),
            ("cat", Value::Null),
            ("typ", json!("at+jwt")),
            ("kid", Value::Null),
            ("kid", json!("another")),
            ("crit", json!(["b64"])),
        ] {
            let token = fake.sign_with_header(&json!({ name: value }), &json!({ "sub": "user_1" }));
            let mut expected = usual.clone();
            match value {
                Value::Null => drop(expected.as_object_mut().unwrap().remove(name)),
                value => expected[name] = value,
            }
            assert_eq!(header_of(&token), expected);
            assert_eq!(claims_of(&token), json!({ "sub": "user_1" }));
            assert!(verifies(&token, &key, Algorithm::RS256), "{expected}");
        }
        for (alg, algorithm) in [("RS384", Algorithm::RS384), ("RS512", Algorithm::RS512)] {
            assert!(verifies(&fake.sign_with_header(&json!({ "alg": alg }), &json!({})), &key, algorithm));
        }
        for alg in [json!("none"), json!("HS256"), json!(1)] {
            assert_eq!(header_of(&fake.sign_with_header(&json!({ "alg": alg }), &json!({})))["alg"], alg);
        }
        assert_eq!(header_of(&fake.sign_with_header(&json!([1]), &json!({}))), json!([1]));
    }

    #[test]
    fn the_publishable_key_names_the_host_of_the_issuer() {
        let key = |seed| FakeClerk::new(seed).publishable_key();
        assert_eq!(key(Seed::default()), "pk_test_ZmFrZS5jbGVyay5hY2NvdW50cy5kZXYk");
        for issuer in ["https://clerk.example.com", "https://clerk.example.com/", "clerk.example.com"] {
            let seed = Seed { production: true, issuer: issuer.to_owned(), ..Seed::default() };
            assert_eq!(key(seed), "pk_live_Y2xlcmsuZXhhbXBsZS5jb20k");
        }
    }

    #[test]
    fn bytes_are_signed_as_they_are() {
        let fake = FakeClerk::new(Seed::default());
        let (header, payload) = (br#"{"alg":"RS256","alg":"RS256"}"#, b"\xef\xbb\xbf\xff");
        let token = fake.sign_bytes(header, payload);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(signed, format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(payload)));
        let key = key_in_pem(&fake.pem());
        assert!(jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key, Algorithm::RS256).unwrap());
    }

    #[test]
    fn old_keys_stay_in_the_set_or_are_withdrawn() {
        let mut client = Client::demo();
        let mut minted = Vec::new();
        let mut rotate_and_mint = |client: &mut Client, keep_old| {
            if let Some(keep_old) = keep_old {
                client.fake.rotate_keys(keep_old);
            }
            let jwt = client.post("/v1/sessions/sess_demo_active/tokens", "").json["jwt"].take();
            minted.push(jwt.as_str().unwrap().to_owned());
            let jwks = client.get("/v1/jwks").json;
            assert_eq!(jwks, client.fake.jwks());
            assert_eq!(jwks["keys"][0]["kid"], client.fake.key_id());
            let verified = |token: &String| {
                key_in_set(&jwks, token).is_some_and(|key| {
                    assert!(verifies(token, &key, Algorithm::RS256));
                    true
                })
            };
            minted.iter().map(verified).collect::<Vec<_>>()
        };
        assert_eq!(rotate_and_mint(&mut client, None), [true]);
        assert_eq!(rotate_and_mint(&mut client, Some(true)), [true, true]);
        assert_eq!(rotate_and_mint(&mut client, Some(true)), [true, true, true]);
        assert_eq!(rotate_and_mint(&mut client, Some(false)), [false, false, false, true]);
        assert_eq!(rotate_and_mint(&mut client, Some(true)), [false, false, false, true, true]);
        assert_eq!(client.fake.key_id(), "ins_fake_clerk_5");
        client.fake.reset();
        assert_eq!(client.fake.key_id(), "ins_fake_clerk");
        assert_eq!(client.fake.jwks()["keys"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn fakes_of_different_issuers_have_different_keys() {
        let of = |issuer: &str| FakeClerk::new(Seed { issuer: issuer.to_owned(), ..Seed::default() });
        let (one, same) = (of("https://clerk.one.example"), of("https://clerk.one.example/"));
        let (other, usual) = (of("https://clerk.other.example"), FakeClerk::new(Seed::default()));
        assert_eq!(
            (one.key_id(), other.key_id()),
            ("ins_of_clerk_one_example".into(), "ins_of_clerk_other_example".into())
        );
        let token = one.sign(&json!({ "sub": "user_1" }));
        for (fake, is_of_instance) in [(&one, true), (&same, true), (&other, false), (&usual, false)] {
            assert_eq!(verifies(&token, &key_in_pem(&fake.pem()), Algorithm::RS256), is_of_instance);
            assert_eq!(key_in_set(&fake.jwks(), &token).is_some(), is_of_instance);
        }
        let mut rotated = of("https://clerk.one.example");
        rotated.rotate_keys(false);
        assert_eq!(rotated.key_id(), "ins_of_clerk_one_example_2");
    }

    #[test]
    fn a_refresh_accepts_a_token_that_a_withdrawn_key_has_signed() {
        let mut client = Client::demo();
        let origin = "https://app.example.com";
        let handshake = client.handshake("sess_demo_active", origin);
        client.fake.rotate_keys(false);
        let body = json!({
            "expired_token": handshake.expired_token,
            "refresh_token": handshake.refresh_token,
            "request_origin": origin,
        });
        let refreshed = client.post("/v1/sessions/sess_demo_active/refresh", &body.to_string());
        assert_eq!(refreshed.status, 200);
        let key = key_in_pem(&client.fake.pem());
        assert!(verifies(refreshed.json["jwt"].as_str().unwrap(), &key, Algorithm::RS256));
    }
}
