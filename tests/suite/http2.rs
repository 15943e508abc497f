//! HTTP/2 over reqwest: when it is used, and how its faults are reported.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use clerk_sessions_core::{Api, CallOptions, RetryPolicy};
use clerk_sessions_reqwest::{Client, ReqwestTransport, reqwest};
use clerk_sessions_tests::fault::Loopback;
use rustls::{ServerConfig, ServerConnection};

use crate::common::current_thread;
use crate::tls::{Authority, LOCAL};

fn client(url: &str, transport: ReqwestTransport) -> Client {
    Client::new(Api::builder("sk_test_1").base_url(url).build().unwrap(), transport)
}

/// reqwest's own feature is enabled in this build, so it would use HTTP/2 if the adapter allowed it.
#[test]
fn http2_is_negotiated_only_with_the_feature() {
    let authority = Authority::new("ours");
    let mut config = ServerConfig::clone(&authority.sign(&LOCAL, |_| ()));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let (config, agreed) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())));
    let kept = Arc::clone(&agreed);
    let server = Loopback::start(move |_, mut stream: &TcpStream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let _ = connection.complete_io(&mut stream);
        let protocol = connection.alpn_protocol().unwrap_or_default();
        kept.lock().unwrap().push(String::from_utf8(protocol.to_vec()).unwrap());
    });
    let server = server.unwrap();

    let trusting = |client: reqwest::ClientBuilder| {
        let root = reqwest::Certificate::from_der(authority.certificate()).unwrap();
        client.no_proxy().tls_certs_only([root])
    };
    let configured = ReqwestTransport::builder().configure(trusting).build();
    let brought = ReqwestTransport::from_client_builder(trusting(reqwest::Client::builder()));
    for transport in [configured, brought] {
        let client = client(&format!("https://127.0.0.1:{}", server.addr().port()), transport.unwrap())
            .with_options(CallOptions::new().retry(RetryPolicy::none()));
        let _ = current_thread().block_on(client.sessions().get("sess_1"));
    }
    let expected = if cfg!(feature = "http2") { "h2" } else { "http/1.1" };
    assert_eq!(*agreed.lock().unwrap(), [expected; 2]);
}

#[cfg(feature = "http2")]
mod faults {
    use std::io::{self, Read as _, Write as _};
    use std::net::TcpStream;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, Instant};

    use clerk_sessions_core::{Attempt, CreateSession, Delivery, Error, Observer, Session, TransportErrorKind};

    use super::*;
    use crate::common::{SESSION, failure};

    const DATA: u8 = 0;
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    const CONTINUATION: u8 = 9;
    const ACK: u8 = 1;
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;

    const INTERNAL_ERROR: u32 = 2;
    const REFUSED_STREAM: u32 = 7;

    /// The server's side of a connection.
    struct Connection<'a>(&'a TcpStream);

    impl<'a> Connection<'a> {
        fn start(mut stream: &'a TcpStream) -> io::Result<Self> {
            stream.read_exact(&mut [0; "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()])?;
            let connection = Self(stream);
            connection.write(SETTINGS, 0, 0, &[])?;
            Ok(connection)
        }

        fn write(&self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
            let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
            let mut frame = vec![length[1], length[2], length[3], kind, flags];
            frame.extend(stream.to_be_bytes());
            frame.extend(payload);
            let mut socket = self.0;
            socket.write_all(&frame)
        }

        /// Reads until a request arrives, sends the required acknowledgements, and returns the request's stream.
        fn read_request(&self) -> io::Result<u32> {
            loop {
                let (mut socket, mut head) = (self.0, [0; 9]);
                socket.read_exact(&mut head)?;
                let (kind, flags) = (head[3], head[4]);
                let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
                socket.read_exact(&mut payload)?;
                match kind {
                    SETTINGS | PING if flags & ACK == 0 => {
                        let payload = if kind == PING { &*payload } else { &[] };
                        self.write(kind, ACK, 0, payload)?;
                    }
                    HEADERS | DATA if flags & END_STREAM != 0 => {
                        return Ok(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
                    }
                    _ => {}
                }
            }
        }

        /// Responds with a session and this many headers of 1 KiB.
        fn respond(&self, stream: u32, headers: u8) -> io::Result<()> {
            // The indexed field `:status: 200`, then fields without an index, whose lengths have a prefix of seven bits.
            let mut block = vec![0x88];
            for number in 0..headers {
                let name = format!("x-{number}");
                let value = "y".repeat(1024 - name.len() - 4);
                block.extend([0, u8::try_from(name.len()).unwrap()]);
                block.extend(name.as_bytes());
                let beyond = value.len() - 127;
                block.extend([127, 0x80 | (beyond % 128) as u8, (beyond / 128) as u8]);
                block.extend(value.as_bytes());
            }
            let fragments: Vec<_> = block.chunks(16 * 1024).collect();
            for (number, fragment) in fragments.iter().enumerate() {
                let kind = if number == 0 { HEADERS } else { CONTINUATION };
                let flags = if number + 1 == fragments.len() { END_HEADERS } else { 0 };
                self.write(kind, flags, stream, fragment)?;
            }
            self.write(DATA, END_STREAM, stream, SESSION.as_bytes())
        }

        fn reset(&self, stream: u32, reason: u32) -> io::Result<()> {
            self.write(RST_STREAM, 0, stream, &reason.to_be_bytes())
        }

        /// Sends a GOAWAY: no stream after this one is processed.
        fn go_away(&self, last: u32) -> io::Result<()> {
            self.write(GOAWAY, 0, 0, &[last.to_be_bytes(), 0_u32.to_be_bytes()].concat())
        }
    }

    /// Starts a server that calls `handle` with each connection and its number.
    fn serve(handle: fn(usize, &Connection<'_>) -> io::Result<()>) -> Loopback {
        let server = Loopback::start(move |number, stream| {
            // Errors of the server are ignored, because the test checks the client.
            let _ = Connection::start(stream).and_then(|connection| handle(number, &connection));
        });
        server.unwrap()
    }

    fn respond_to_all(connection: &Connection<'_>, headers: u8) -> io::Result<()> {
        loop {
            connection.respond(connection.read_request()?, headers)?;
        }
    }

    #[derive(Clone, Default)]
    struct Attempts(Arc<AtomicUsize>);

    impl Observer for Attempts {
        fn attempted(&self, _: &Attempt<'_>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn client_of(server: &Loopback) -> (Client, Attempts) {
        let transport =
            ReqwestTransport::builder().no_proxy().configure(reqwest::ClientBuilder::http2_prior_knowledge).build();
        let attempts = Attempts::default();
        let client = client(&format!("http://{}", server.addr()), transport.unwrap());
        (client.with_observer(attempts.clone()), attempts)
    }

    /// Calls `create`, which is not idempotent. Returns the result and the number of attempts.
    fn create(server: &Loopback) -> (Result<Session, Error>, usize) {
        let (client, attempts) = client_of(server);
        let result = current_thread().block_on(client.sessions().create(CreateSession::new("user_1")));
        (result, attempts.0.load(Ordering::SeqCst))
    }

    /// The connection never receives anything, as if a router had dropped it.
    #[test]
    fn a_dead_connection_is_not_used_for_the_next_attempt() {
        let server = serve(|number, connection| {
            if number > 0 {
                return respond_to_all(connection, 0);
            }
            connection.respond(connection.read_request()?, 0)?;
            io::copy(&mut connection.0.try_clone()?, &mut io::sink()).map(drop)
        });
        let (client, attempts) = client_of(&server);
        current_thread().block_on(async {
            client.sessions().get("sess_1").await.unwrap();
            let started = Instant::now();
            client.sessions().get("sess_1").await.unwrap();
            assert_eq!(attempts.0.load(Ordering::SeqCst), 3);
            assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        });
    }

    #[test]
    fn a_refused_stream_counts_as_not_sent() {
        let refusing = serve(|_, connection| {
            loop {
                connection.reset(connection.read_request()?, REFUSED_STREAM)?;
            }
        });
        let (result, attempts) = create(&refusing);
        assert_eq!((failure(result), attempts), ((TransportErrorKind::Closed, Delivery::NotSent), 3));

        let busy = serve(|_, connection| {
            connection.reset(connection.read_request()?, REFUSED_STREAM)?;
            respond_to_all(connection, 0)
        });
        let (result, attempts) = create(&busy);
        assert_eq!((result.unwrap().id.as_str(), attempts), ("sess_1", 2));
    }

    #[test]
    fn a_stream_reset_for_another_reason_counts_as_maybe_sent() {
        let server = serve(|_, connection| connection.reset(connection.read_request()?, INTERNAL_ERROR));
        let (result, attempts) = create(&server);
        assert_eq!((failure(result), attempts), ((TransportErrorKind::Closed, Delivery::MaybeSent), 1));
    }

    #[test]
    fn streams_after_the_last_one_of_a_goaway_count_as_not_sent() {
        let server = serve(|number, connection| {
            let stream = connection.read_request()?;
            if number == 0 { connection.go_away(stream - 1) } else { connection.respond(stream, 0) }
        });
        let (result, attempts) = create(&server);
        assert_eq!((result.unwrap().id.as_str(), attempts), ("sess_1", 2));

        let server = serve(|_, connection| connection.go_away(connection.read_request()?));
        let (result, attempts) = create(&server);
        assert_eq!((failure(result), attempts), ((TransportErrorKind::Closed, Delivery::MaybeSent), 1));
    }

    #[test]
    fn response_headers_have_the_same_limit_as_over_http_1() {
        let result = create(&serve(|_, connection| respond_to_all(connection, 60))).0;
        assert_eq!(result.unwrap().id, "sess_1");
        for server in [
            serve(|_, connection| respond_to_all(connection, 65)),
            serve(|_, connection| respond_to_all(connection, 80)),
            serve(|_, connection| respond_to_all(connection, 200)),
        ] {
            let error = create(&server).0.unwrap_err();
            assert!(serde_json::to_string(&error).unwrap().contains("65536 bytes"), "{error:?}");
            assert_eq!(failure(Err(error)), (TransportErrorKind::Protocol, Delivery::MaybeSent));
        }
    }
}
