//! rustls without a crypto provider is an error, not a panic. `cargo xtask test` runs this test with the required features.
#![cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]

use clerk_sessions_ureq::ureq::Agent;
use clerk_sessions_ureq::{Api, Error, UreqTransport, client};

#[test]
fn building_a_transport_without_a_crypto_provider_fails() {
    let by_default = UreqTransport::builder().no_proxy().build().map(drop);
    let brought = UreqTransport::with_agent(Agent::new_with_defaults()).map(drop);
    let of_client = client(Api::new("sk_test_1").unwrap()).map(drop);
    for result in [by_default, brought, of_client] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Build(_)), "{error:?}");
        assert!(error.to_string().contains("no crypto provider"), "{error}");
    }
}
