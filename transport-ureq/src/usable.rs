//! Refuses settings with which ureq would panic at the first request, or which it would ignore.

use std::time::Instant;

use clerk_sessions_core::BuildError;
use ureq::config::Config;
#[cfg(not(feature = "socks-proxy"))]
use ureq::{Proxy, ProxyProtocol};

use crate::proxy::Environment;

/// Checks whether ureq supports these settings and proxies.
pub(crate) fn usable(config: &Config, environment: Option<&Environment>) -> Result<(), BuildError> {
    #[cfg(not(feature = "socks-proxy"))]
    proxies(config, environment)?;
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls"))]
    tls(config)?;
    let _ = environment;
    time_limits(config)
}

/// ureq adds each time limit to the current time, and panics if the sum is out of range.
fn time_limits(config: &Config) -> Result<(), BuildError> {
    let limits = config.timeouts();
    let set = [
        limits.global,
        limits.per_call,
        limits.resolve,
        limits.connect,
        limits.send_request,
        limits.await_100,
        limits.send_body,
        limits.recv_response,
        limits.recv_body,
    ];
    let now = Instant::now();
    if set.into_iter().flatten().any(|limit| now.checked_add(limit).is_none()) {
        return Err(BuildError::new("timeout", "is longer than the clock can represent: pass None for no limit"));
    }
    Ok(())
}

/// Without SOCKS support, ureq would ignore a SOCKS proxy of the environment, and panic at one that is set.
#[cfg(not(feature = "socks-proxy"))]
fn proxies(config: &Config, environment: Option<&Environment>) -> Result<(), BuildError> {
    let is_socks = |proxy: &Proxy| !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https);
    let found = match environment {
        Some(environment) => environment.proxies().any(is_socks),
        None => config.proxy().is_some_and(is_socks),
    };
    if !found {
        return Ok(());
    }
    Err(BuildError::new(
        "proxy",
        "is a SOCKS proxy: turn on the feature socks-proxy of clerk-sessions-ureq, or call no_proxy()",
    ))
}

/// ureq would panic at a TLS library that is not compiled in, and rustls without a crypto provider.
#[cfg(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls"))]
fn tls(config: &Config) -> Result<(), BuildError> {
    use ureq::tls::TlsProvider;

    let provider = config.tls_config().provider();
    let off = match provider {
        TlsProvider::Rustls if !cfg!(any(feature = "rustls", feature = "rustls-no-provider")) => Some("rustls"),
        TlsProvider::NativeTls if !cfg!(feature = "native-tls") => Some("native-tls"),
        _ => None,
    };
    if let Some(feature) = off {
        let reason =
            format!("uses a library whose feature is off: turn on the feature {feature} of clerk-sessions-ureq");
        return Err(BuildError::new("tls", reason));
    }
    #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
    if provider == TlsProvider::Rustls
        && config.tls_config().unversioned_rustls_crypto_provider().is_none()
        && rustls::crypto::CryptoProvider::get_default().is_none()
    {
        return Err(BuildError::new(
            "tls",
            "has no crypto provider: install one with rustls::crypto::ring::default_provider().install_default()",
        ));
    }
    Ok(())
}
