//! rustls without a crypto provider is an error, not a panic. `cargo xtask test` runs this test with the required features.
#![cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]

use clerk_sessions_reqwest::{Api, Error, ReqwestTransport, client, reqwest};

#[test]
fn building_a_transport_without_a_crypto_provider_fails() {
    let by_default = ReqwestTransport::builder().no_proxy().build().map(drop);
    let brought = ReqwestTransport::from_client_builder(reqwest::Client::builder()).map(drop);
    let of_client = client(Api::new("sk_test_1").unwrap()).map(drop);
    for result in [by_default, brought, of_client] {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Build(_)), "{error:?}");
        assert!(error.to_string().contains("no crypto provider"), "{error}");
    }
}
