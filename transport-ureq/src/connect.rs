//! Makes the connections, and marks failures to connect.
//!
//! In ureq's errors, a reset during the TLS handshake, before the request was sent, looks like a reset after it was sent. So the
//! errors of the connector and those of a connection are marked. The traits are in ureq's module `unversioned`, which may change
//! in a minor release.

use std::fmt;
use std::sync::Arc;

use ureq::Error;
use ureq::config::Config;
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::{ConnectionDetails, Connector, DefaultConnector, Transport};

use crate::clock::Clock;
use crate::connection::Connection;
use crate::lookup::{Later, Now, look_up};
use crate::to_proxy::{Connecting, ToProxy};

/// An agent that reports failures to connect as [`NotConnected`].
pub(crate) fn agent(config: Config) -> ureq::Agent {
    agent_by(config, Now)
}

/// An agent that resolves names with this resolver.
fn agent_by(config: Config, resolver: impl Resolver) -> ureq::Agent {
    let connector = Marked { connector: Arc::default(), resolver: Box::new(resolver) };
    ureq::Agent::with_parts(config, connector, Later)
}

/// An error of ureq before the connection was made, so that nothing was sent.
#[derive(Debug)]
pub(crate) struct NotConnected {
    pub(crate) error: Error,
    /// Host and port of the proxy. The rest of its URL may contain a password.
    pub(crate) proxy: Option<String>,
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proxy {
            Some(proxy) => write!(f, "through the proxy {proxy}"),
            None => f.write_str("without a proxy"),
        }
    }
}

impl std::error::Error for NotConnected {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

fn mark(error: Error, proxy: Option<String>) -> Error {
    Error::Other(Box::new(NotConnected { error, proxy }))
}

/// Resolves the name, connects, and marks the errors of both.
#[derive(Debug)]
struct Marked {
    /// Connects to the server, and before that to its proxy, if any. ureq has compiled it already, other than a chain of its parts.
    connector: Arc<DefaultConnector>,
    resolver: Box<dyn Resolver>,
}

impl Connector<()> for Marked {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, Error> {
        let (addrs, timeout) = look_up(details, &*self.resolver).map_err(|error| mark(error, None))?;
        let connecting = Connecting::start(timeout);
        let (connector, limit) = (Arc::clone(&self.connector), Arc::clone(&connecting));
        let to_proxy = move |details: &ConnectionDetails<'_>| -> Result<Box<dyn Transport>, Error> {
            let inner = connector.connect(details, None)?.ok_or(Error::ConnectionFailed)?;
            Ok(Box::new(ToProxy { inner, connecting: Arc::clone(&limit) }))
        };
        let clock = Arc::new(Clock::start());
        let of_tls = Arc::clone(&clock);
        let details = ConnectionDetails {
            addrs,
            // Resolves the names of proxies.
            resolver: &*self.resolver,
            timeout,
            now: clock.now(),
            current_time: Arc::new(move || of_tls.now()),
            run_connector: Arc::new(to_proxy),
            register_shutdown: Arc::clone(&details.register_shutdown),
            ..*details
        };
        let made = self.connector.connect(&details, None).map_err(|error| {
            let proxy = details.config.proxy().filter(|proxy| !proxy.is_no_proxy(details.uri));
            mark(error, proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())))
        })?;
        connecting.end();
        Ok(made.map(|made| Connection::new(made, clock)))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{SocketAddr, TcpListener};
    use std::sync::Mutex;
    use std::thread;

    use ureq::http::Uri;
    use ureq::unversioned::resolver::ResolvedSocketAddrs;
    use ureq::unversioned::transport::NextTimeout;

    use super::*;

    /// A resolver whose result can be changed.
    #[derive(Clone, Debug)]
    struct Names(Arc<Mutex<(SocketAddr, usize)>>);

    impl Names {
        fn point_to(&self, addr: SocketAddr) {
            self.0.lock().unwrap().0 = addr;
        }

        fn lookups(&self) -> usize {
            self.0.lock().unwrap().1
        }
    }

    impl Resolver for Names {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
            let mut names = self.0.lock().unwrap();
            names.1 += 1;
            let mut addrs = self.empty();
            addrs.push(names.0);
            Ok(addrs)
        }
    }

    /// A server that responds with its name, and closes a connection after this many requests.
    fn serve(name: &'static str, requests: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                for number in 1..=requests {
                    let (mut head, mut chunk) = (Vec::new(), [0; 1024]);
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(read @ 1..) = stream.read(&mut chunk) else { return };
                        head.extend_from_slice(&chunk[..read]);
                    }
                    let close = if number == requests { "connection: close\r\n" } else { "" };
                    let length = name.len();
                    let response = format!("HTTP/1.1 200 OK\r\n{close}content-length: {length}\r\n\r\n{name}");
                    stream.write_all(response.as_bytes()).unwrap();
                }
            }
        });
        addr
    }

    fn get(agent: &ureq::Agent) -> String {
        agent.get("http://clerk.example/").call().unwrap().into_body().read_to_string().unwrap()
    }

    #[test]
    fn a_name_is_looked_up_for_each_new_connection_and_for_no_other_request() {
        let (first, second) = (serve("first", 100), serve("second", 100));
        let names = Names(Arc::new(Mutex::new((first, 0))));
        let agent = agent_by(Config::builder().proxy(None).build(), names.clone());
        for _ in 0..50 {
            assert_eq!(get(&agent), "first");
        }
        assert_eq!(names.lookups(), 1);
        // The name now points to another server. The kept connection is still used. The next connection goes to the other server.
        names.point_to(second);
        for _ in 50..100 {
            assert_eq!(get(&agent), "first");
        }
        assert_eq!(names.lookups(), 1);
        for _ in 0..100 {
            assert_eq!(get(&agent), "second");
        }
        assert_eq!(names.lookups(), 2);
    }

    /// A SOCKS5 proxy that responds to requests itself. The body is the host to connect to.
    #[cfg(feature = "socks-proxy")]
    fn serve_socks() -> SocketAddr {
        fn read<const COUNT: usize>(mut stream: &std::net::TcpStream) -> [u8; COUNT] {
            let mut bytes = [0; COUNT];
            stream.read_exact(&mut bytes).unwrap();
            bytes
        }

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert_eq!(read(&stream), [5, 1, 0]);
            stream.write_all(&[5, 0]).unwrap();
            let [version, command, _, kind] = read(&stream);
            assert_eq!((version, command), (5, 1));
            let host = match kind {
                1 => std::net::Ipv4Addr::from(read::<4>(&stream)).to_string(),
                _ => (0..read::<1>(&stream)[0]).map(|_| char::from(read::<1>(&stream)[0])).collect(),
            };
            let _port: [u8; 2] = read(&stream);
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
            while read(&stream) != [b'\n'] || read(&stream) != *b"\r\n" {}
            stream.write_all(format!("HTTP/1.1 200 OK\r\n\r\n{host}").as_bytes()).unwrap();
        });
        addr
    }

    #[test]
    #[cfg(feature = "socks-proxy")]
    fn socks5_looks_the_name_up_here_and_socks5h_leaves_it_to_the_proxy() {
        for (scheme, host, lookups) in [("socks5", "127.0.0.1", 2), ("socks5h", "clerk.example", 1)] {
            let names = Names(Arc::new(Mutex::new((serve_socks(), 0))));
            let proxy = ureq::Proxy::new(&format!("{scheme}://proxy.example:1080")).unwrap();
            let agent = agent_by(Config::builder().proxy(Some(proxy)).build(), names.clone());
            assert_eq!((get(&agent), names.lookups()), (host.to_owned(), lookups), "{scheme}");
        }
    }
}
