//! Resolves a name only when a new connection is made.
//!
//! ureq calls its resolver for every request, even if an unused connection exists. With a time limit, the resolver starts a
//! thread, which is most of the cost of a request. So the resolver of the agent returns a placeholder, and the connector, which
//! ureq calls only for a new connection, resolves the name.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use ureq::config::{Config, Timeouts};
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, NextTimeout, time};
use ureq::{Error, Timeout};

/// The resolver of the agent: returns a placeholder.
#[derive(Debug)]
pub(crate) struct Later;

impl Resolver for Later {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addrs = self.empty();
        // ureq requires an address. It does not call this resolver if a proxy resolves the name, so `look_up` finds this
        // placeholder only if it must resolve the name.
        addrs.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0));
        Ok(addrs)
    }
}

/// The resolver that resolves names.
#[derive(Debug)]
pub(crate) struct Now;

impl Resolver for Now {
    fn resolve(&self, uri: &Uri, config: &Config, limit: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        // An IP address needs no lookup. Without a time limit, ureq's resolver starts no thread.
        let after = if is_address(uri) { time::Duration::NotHappening } else { limit.after };
        DefaultResolver::default().resolve(uri, config, NextTimeout { after, ..limit })
    }
}

fn is_address(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok()
}

/// Resolves the name, if [`Later`] returned a placeholder. Returns the addresses and the time limit for connecting.
pub(crate) fn look_up(
    details: &ConnectionDetails<'_>,
    resolver: &dyn Resolver,
) -> Result<(ResolvedSocketAddrs, NextTimeout), Error> {
    if details.addrs.is_empty() {
        return Ok((resolver.empty(), details.timeout));
    }
    let (began, limits) = (Instant::now(), details.config.timeouts());
    let to_resolve = limit((limits.resolve, Timeout::Resolve), &limits, Duration::ZERO, details.timeout);
    let addrs = resolver.resolve(details.uri, details.config, to_resolve)?;
    Ok((addrs, limit((limits.connect, Timeout::Connect), &limits, began.elapsed(), details.timeout)))
}

/// The time limit for a phase that begins now, as ureq computes it: the limit of the phase, or the time left of the limits of the
/// whole request. It is exact, because resolving the name is the first phase of a request and no redirect is followed.
fn limit(own: (Option<Duration>, Timeout), all: &Timeouts, passed: Duration, given: NextTimeout) -> NextTimeout {
    let left = |limit: Option<Duration>| limit.map(|limit| limit.saturating_sub(passed));
    let limits = [own, (left(all.global), Timeout::Global), (left(all.per_call), Timeout::PerCall)];
    let set = limits.into_iter().filter_map(|(limit, reason)| Some((limit?, reason)));
    match set.min_by_key(|(limit, _)| *limit) {
        Some((limit, reason)) => NextTimeout { after: limit.into(), reason, ..given },
        None => NextTimeout { after: time::Duration::NotHappening, ..given },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_address_is_told_from_a_name() {
        for (uri, expected) in [
            ("http://127.0.0.1/", true),
            ("http://127.0.0.1:8080/v1", true),
            ("https://[2001:db8::7]:8443/", true),
            ("https://[::1]/", true),
            ("https://localhost/", false),
            ("https://api.clerk.com/v1", false),
            ("https://127.0.0.1.example/", false),
        ] {
            assert_eq!(is_address(&uri.parse().unwrap()), expected, "{uri}");
        }
    }

    #[test]
    fn a_phase_is_limited_by_itself_and_by_what_is_left_of_the_request() {
        let limits = |own, global, per_call, passed| {
            let config = Config::builder().timeout_global(global).timeout_per_call(per_call).build();
            let limit = limit((own, Timeout::Connect), &config.timeouts(), passed, NextTimeout::default());
            (limit.after, limit.reason)
        };
        let exact = |seconds| time::Duration::from_secs(seconds);
        assert_eq!(limits(Some(5 * SECOND), Some(10 * SECOND), None, SECOND), (exact(5), Timeout::Connect));
        assert_eq!(limits(Some(5 * SECOND), Some(4 * SECOND), None, SECOND), (exact(3), Timeout::Global));
        assert_eq!(limits(None, Some(4 * SECOND), Some(2 * SECOND), SECOND), (exact(1), Timeout::PerCall));
        assert_eq!(limits(None, Some(SECOND), None, 2 * SECOND), (exact(0), Timeout::Global));
        assert!(limits(None, None, None, SECOND).0.is_not_happening());
    }
}
