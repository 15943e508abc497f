//! How the adapters handle valid and invalid TLS. They send no secret before they trust the server.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use clerk_sessions_core::{Api, CallOptions, Delivery, Error, RetryPolicy, Session, TransportErrorKind};
use clerk_sessions_reqwest::{ReqwestTransport, reqwest};
use clerk_sessions_tests::fault::{Loopback, reset_when_closed};
use clerk_sessions_ureq::UreqTransport;
use clerk_sessions_ureq::ureq::Proxy;
use clerk_sessions_ureq::ureq::tls::{Certificate, RootCerts, TlsConfig};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, ServerConnection};

use crate::common::{SESSION, current_thread, failure};

use TransportErrorKind::{Closed, Connect, Protocol, Timeout, Tls};

const SECRET_KEY: &str = "sk_test_never_in_the_clear";

/// A certificate authority that a client can be configured to trust.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        self.0.der()
    }

    /// The TLS configuration of a server with these names.
    pub(crate) fn sign(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = params(names);
        change(&mut params);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        server_config(certificate.der().clone(), &key)
    }
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
}

fn self_signed(names: &[&str]) -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let certificate = params(names).self_signed(&key).unwrap();
    server_config(certificate.der().clone(), &key)
}

/// Sets the crypto provider explicitly, because this build has two, those of ureq and reqwest, and therefore no default.
fn server_config(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = key.serialize_der().try_into().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}

/// A server that keeps all bytes that it receives and, if it speaks TLS, also the decrypted bytes.
struct Server {
    loopback: Loopback,
    received: Arc<Mutex<Received>>,
}

#[derive(Default)]
struct Received {
    raw: Vec<u8>,
    decrypted: Vec<u8>,
}

impl Server {
    /// Starts a server that handles each connection with this function.
    fn start(handle: impl Fn(&mut Wire<'_>) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let received = Arc::<Mutex<Received>>::default();
        let filled = Arc::clone(&received);
        let loopback = Loopback::start(move |_, stream| {
            // Errors of the server are ignored, because the test checks the client.
            let _ = handle(&mut Wire { stream, received: &filled });
        });
        Self { loopback: loopback.unwrap(), received }
    }

    /// Starts a server that speaks TLS and responds to each request with a session.
    fn tls(config: Arc<ServerConfig>) -> Self {
        Self::start(move |wire| {
            let received = wire.received;
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, wire);
            let mut chunk = [0; 4096];
            loop {
                match tls.read(&mut chunk)? {
                    0 => return Ok(()),
                    read => received.lock().unwrap().decrypted.extend_from_slice(&chunk[..read]),
                }
                if received.lock().unwrap().decrypted.ends_with(b"\r\n\r\n") {
                    write!(tls, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{SESSION}", SESSION.len())?;
                }
            }
        })
    }

    fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}/v1", self.loopback.addr().port())
    }

    /// Stops the server. Returns whether it received the secret key unencrypted, and whether it received it encrypted.
    fn got_the_key(self) -> (bool, bool) {
        // Bytes that are still in transit are included.
        drop(self.loopback);
        let received = self.received.lock().unwrap();
        let holds = |bytes: &[u8]| bytes.windows(SECRET_KEY.len()).any(|window| window == SECRET_KEY.as_bytes());
        (holds(&received.raw), holds(&received.decrypted))
    }
}

/// A connection that keeps the bytes that are read.
struct Wire<'a> {
    stream: &'a TcpStream,
    received: &'a Mutex<Received>,
}

impl Read for Wire<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(bytes)?;
        self.received.lock().unwrap().raw.extend_from_slice(&bytes[..read]);
        Ok(read)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Reads until the client closes the connection, because closing a connection with unread bytes resets it.
fn drain(wire: &mut Wire<'_>) -> io::Result<()> {
    io::copy(wire, &mut io::sink()).map(drop)
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(8);

/// Gets a session over ureq and over reqwest, which trust only this authority.
fn get(url: &str, authority: &Authority, attempt_timeout: Duration) -> [Result<Session, Error>; 2] {
    get_through(None, url, authority, attempt_timeout)
}

/// Does the same, through a proxy if there is one.
fn get_through(
    proxy: Option<&str>,
    url: &str,
    authority: &Authority,
    attempt_timeout: Duration,
) -> [Result<Session, Error>; 2] {
    let api = Api::builder(SECRET_KEY).base_url(url).build().unwrap();
    let options = CallOptions::new().attempt_timeout(attempt_timeout).retry(RetryPolicy::none());
    let root = authority.certificate();

    let roots = RootCerts::new_with_certs(&[Certificate::from_der(root).to_owned()]);
    let tls = TlsConfig::builder().root_certs(roots).build();
    let ureq_proxy = proxy.map(|url| Proxy::new(url).unwrap());
    let ureq = UreqTransport::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .configure(|config| config.tls_config(tls).proxy(ureq_proxy));
    let ureq = clerk_sessions_ureq::Client::new(api.clone(), ureq.build().unwrap()).with_options(options);

    let roots = [reqwest::Certificate::from_der(root).unwrap()];
    let reqwest = ReqwestTransport::builder()
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .configure(|client| client.tls_certs_only(roots))
        .configure(|client| match proxy {
            Some(url) => client.proxy(reqwest::Proxy::all(url).unwrap()),
            None => client,
        });
    let reqwest = clerk_sessions_reqwest::Client::new(api, reqwest.build().unwrap()).with_options(options);

    [ureq.sessions().get("sess_1"), current_thread().block_on(reqwest.sessions().get("sess_1"))]
}

/// Checks that both adapters fail with this kind and one of these texts in the message, and have not sent the key.
#[track_caller]
fn assert_not_sent(server: Server, authority: &Authority, kind: TransportErrorKind, words: &[&str]) {
    let url = server.url("https", "127.0.0.1");
    for (result, adapter) in get(&url, authority, ATTEMPT_TIMEOUT).into_iter().zip(["ureq", "reqwest"]) {
        let error = result.unwrap_err();
        let Error::Transport(failed) = &error else { panic!("{adapter}: {error}") };
        let message = serde_json::to_value(&error).unwrap()["message"].to_string();
        assert_eq!(
            (failed.error().kind(), failed.error().delivery()),
            (kind, Delivery::NotSent),
            "{adapter}: {message}"
        );
        assert!(words.iter().any(|words| message.contains(words)), "{adapter}: {message}");
    }
    assert_eq!(server.got_the_key(), (false, false));
}

pub(crate) const LOCAL: [&str; 2] = ["127.0.0.1", "localhost"];

#[test]
fn a_custom_root_certificate_is_trusted() {
    let authority = Authority::new("ours");
    for host in LOCAL {
        let server = Server::tls(authority.sign(&LOCAL, |_| ()));
        for result in get(&server.url("https", host), &authority, ATTEMPT_TIMEOUT) {
            assert_eq!(result.unwrap().id, "sess_1");
        }
        assert_eq!(server.got_the_key(), (false, true));
    }
}

#[test]
fn an_untrusted_certificate_is_refused() {
    let authority = Authority::new("ours");
    let expired = |params: &mut CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    for (config, word) in [
        (Authority::new("another").sign(&LOCAL, |_| ()), "UnknownIssuer"),
        (self_signed(&LOCAL), "UnknownIssuer"),
        (authority.sign(&["clerk.example", "127.0.0.2"], |_| ()), "not valid for name"),
        (authority.sign(&LOCAL, expired), "expired"),
    ] {
        assert_not_sent(Server::tls(config), &authority, Tls, &[word]);
    }
}

#[test]
fn a_server_that_does_not_speak_tls_is_refused() {
    let server = Server::start(|wire| {
        let _ = wire.read(&mut [0; 4096])?;
        wire.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")?;
        drain(wire)
    });
    assert_not_sent(server, &Authority::new("ours"), Tls, &["corrupt message"]);
}

/// Reads the start of the client's handshake, and writes half of the server's response.
fn half_a_handshake(wire: &mut Wire<'_>, config: &Arc<ServerConfig>) -> io::Result<()> {
    let mut connection = ServerConnection::new(Arc::clone(config)).unwrap();
    while !connection.wants_write() {
        if connection.read_tls(wire)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        connection.process_new_packets().map_err(io::Error::other)?;
    }
    let mut response = Vec::new();
    connection.write_tls(&mut response)?;
    wire.write_all(&response[..response.len() / 2])
}

#[test]
fn an_aborted_handshake_counts_as_not_sent() {
    type End = fn(&mut Wire<'_>) -> io::Result<()>;
    let reset: End = |wire| reset_when_closed(wire.stream);
    let close: End = |wire| wire.stream.shutdown(Shutdown::Write).and_then(|()| drain(wire));
    let authority = Authority::new("ours");
    for (end, kind, words) in [
        (reset, Connect, &["reset"][..]),
        (close, Tls, &["end of file", "eof"]),
        (drain, Timeout, &["timeout", "timed out"]),
    ] {
        let config = authority.sign(&LOCAL, |_| ());
        let server = Server::start(move |wire| half_a_handshake(wire, &config).and_then(|()| end(wire)));
        assert_not_sent(server, &authority, kind, words);
    }
}

/// Serves a session without a `content-length`, so that the body ends with the connection.
fn without_a_length(config: Arc<ServerConfig>, body: &'static str, close_notify: bool) -> Server {
    Server::start(move |wire| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, wire);
        let read = tls.read(&mut [0; 4096])?;
        assert!(read > 0);
        write!(tls, "HTTP/1.1 200 OK\r\n\r\n{body}")?;
        if close_notify {
            connection.send_close_notify();
        }
        while connection.wants_write() {
            connection.write_tls(wire)?;
        }
        wire.stream.shutdown(Shutdown::Write)?;
        drain(wire)
    })
}

#[test]
fn a_body_without_a_length_must_end_with_a_close_notify() {
    let authority = Authority::new("ours");
    let start = |close_notify| without_a_length(authority.sign(&LOCAL, |_| ()), SESSION, close_notify);
    for result in get(&start(true).url("https", "127.0.0.1"), &authority, ATTEMPT_TIMEOUT) {
        assert_eq!(result.unwrap().id, "sess_1");
    }
    for result in get(&start(false).url("https", "127.0.0.1"), &authority, ATTEMPT_TIMEOUT) {
        assert_eq!(failure(result), (Closed, Delivery::MaybeSent));
    }
}

/// In TLS 1.3, the client completes the handshake before the server checks the client's certificate.
#[test]
fn a_server_that_requires_a_client_certificate_is_a_tls_error() {
    for (version, delivery) in [(&TLS12, Delivery::NotSent), (&TLS13, Delivery::MaybeSent)] {
        let authority = Authority::new("ours");
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let key = KeyPair::generate().unwrap();
        let certificate = params(&LOCAL).signed_by(&key, &authority.0).unwrap();
        let config = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let config = config
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![certificate.der().clone()], key.serialize_der().try_into().unwrap());
        let config = Arc::new(config.unwrap());
        let server = Server::start(move |wire| {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let refused = rustls::Stream::new(&mut connection, wire).read(&mut [0; 4096]);
            assert!(refused.is_err());
            drain(wire)
        });
        for result in get(&server.url("https", "127.0.0.1"), &authority, ATTEMPT_TIMEOUT) {
            assert_eq!(failure(result), (Tls, delivery), "{version:?}");
        }
    }
}

/// A TLS server responds to plain HTTP with an alert, which is not HTTP.
#[test]
fn plain_http_to_a_tls_server_is_an_error() {
    let authority = Authority::new("ours");
    let server = Server::tls(authority.sign(&LOCAL, |_| ()));
    for result in get(&server.url("http", "127.0.0.1"), &authority, ATTEMPT_TIMEOUT) {
        let error = result.unwrap_err();
        let Error::Transport(failed) = &error else { panic!("{error}") };
        assert!(matches!(failed.error().kind(), Protocol | Closed), "{error:?}");
        assert_eq!(failed.error().delivery(), Delivery::MaybeSent);
    }
}

/// reqwest does not report which phase was interrupted by its time limit for the whole attempt. In doubt, the request counts as maybe
/// sent.
#[test]
fn a_handshake_timeout_counts_as_maybe_sent_over_reqwest() {
    let authority = Authority::new("ours");
    let server = Server::start(drain);
    let results = get(&server.url("https", "127.0.0.1"), &authority, CONNECT_TIMEOUT / 4);
    for (result, delivery) in results.into_iter().zip([Delivery::NotSent, Delivery::MaybeSent]) {
        let error = result.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.delivery(), delivery);
    }
    assert_eq!(server.got_the_key(), (false, false));
}

/// A proxy that opens a tunnel to this server.
fn tunnel(server: &Server) -> Server {
    let target = server.loopback.addr();
    Server::start(move |wire| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            wire.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        assert!(head.starts_with(b"CONNECT "));
        wire.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
        let beyond = TcpStream::connect(target)?;
        let mut client = wire.stream;
        thread::scope(|scope| {
            scope.spawn(|| {
                let _ = io::copy(&mut &beyond, &mut client);
                let _ = client.shutdown(Shutdown::Write);
            });
            let copied = io::copy(wire, &mut &beyond);
            let _ = beyond.shutdown(Shutdown::Write);
            copied.map(drop)
        })
    })
}

#[test]
fn requests_go_through_the_tunnel_and_the_proxy_sees_no_secret() {
    let authority = Authority::new("ours");
    let server = Server::tls(authority.sign(&LOCAL, |_| ()));
    let proxy = tunnel(&server);
    let proxy_url = proxy.url("http", "127.0.0.1");
    for result in get_through(Some(&proxy_url), &server.url("https", "localhost"), &authority, ATTEMPT_TIMEOUT) {
        assert_eq!(result.unwrap().id, "sess_1");
    }
    assert_eq!(proxy.got_the_key(), (false, false));
    assert_eq!(server.got_the_key(), (false, true));
}

#[test]
fn certificates_are_verified_through_a_tunnel() {
    let authority = Authority::new("ours");
    let server = Server::tls(self_signed(&LOCAL));
    let proxy = tunnel(&server);
    let proxy_url = proxy.url("http", "127.0.0.1");
    for result in get_through(Some(&proxy_url), &server.url("https", "localhost"), &authority, ATTEMPT_TIMEOUT) {
        assert_eq!(failure(result), (Tls, Delivery::NotSent));
    }
}

#[test]
fn a_slow_proxy_has_the_same_connect_timeout_as_a_server() {
    let authority = Authority::new("ours");
    let proxy = Server::start(|wire| {
        for byte in b"HTTP/1.1 200 Connection established" {
            wire.write_all(&[*byte])?;
            thread::sleep(CONNECT_TIMEOUT / 4);
        }
        drain(wire)
    });
    let proxy_url = proxy.url("http", "127.0.0.1");
    let started = Instant::now();
    for result in get_through(Some(&proxy_url), "https://clerk.example", &authority, ATTEMPT_TIMEOUT) {
        assert_eq!(failure(result), (Timeout, Delivery::NotSent));
    }
    assert!(started.elapsed() < 2 * CONNECT_TIMEOUT + Duration::from_secs(4), "{:?}", started.elapsed());
}
