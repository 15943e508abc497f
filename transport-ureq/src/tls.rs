//! TLS settings, according to the features.

use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

/// Sets the TLS library and the root certificates according to the features.
#[allow(clippy::let_and_return, unused_mut)] // Depends on the features.
pub(crate) fn defaults(config: ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope> {
    // ureq has TLS settings only with a TLS library, and `platform-verifier` alone adds none.
    #[cfg(any(
        feature = "native-tls",
        all(feature = "platform-verifier", any(feature = "rustls", feature = "rustls-no-provider"))
    ))]
    let config = {
        let mut tls = ureq::tls::TlsConfig::builder();
        #[cfg(not(any(feature = "rustls", feature = "rustls-no-provider")))]
        {
            tls = tls.provider(ureq::tls::TlsProvider::NativeTls);
        }
        #[cfg(feature = "platform-verifier")]
        {
            tls = tls.root_certs(ureq::tls::RootCerts::PlatformVerifier);
        }
        config.tls_config(tls.build())
    };
    config
}
