//! The clients: an [`Api`] and a transport, and the façade over both.

mod pages;
mod revoke_all;

pub use pages::{AsyncPages, Pages};

use crate::api::Api;
use crate::caller::Caller;
use crate::error::Error;
use crate::exchange::Exchange;
use crate::observe::Observer;
use crate::operation::Operation;
use crate::operations::{self, for_each_operation};
use crate::options::CallOptions;
use crate::transport::{AsyncTransport, Transport, drive, drive_async};

/// A blocking client: an [`Api`] over a [`Transport`].
///
/// Cheap to clone where the transport is: the clones share connections, a pause that the server asked for, and the budget of
/// retries.
#[derive(Clone, Debug)]
pub struct Client<T> {
    caller: Caller,
    transport: T,
}

/// An async client: an [`Api`] over an [`AsyncTransport`].
///
/// Cheap to clone where the transport is: the clones share connections, a pause that the server asked for, and the budget of
/// retries. A call is given up by dropping its future; the client stays usable.
#[derive(Clone, Debug)]
pub struct AsyncClient<T> {
    caller: Caller,
    transport: T,
}

/// The session operations, blocking: the façade of a [`Client`].
#[derive(Debug)]
pub struct Sessions<'a, T> {
    client: &'a Client<T>,
    options: Option<CallOptions>,
}

/// The session operations, async: the façade of an [`AsyncClient`].
#[derive(Debug)]
pub struct AsyncSessions<'a, T> {
    client: &'a AsyncClient<T>,
    options: Option<CallOptions>,
}

/// What does not depend on whether the transport is async.
macro_rules! common {
    ($client:ident: $transport:ident, $sessions:ident) => {
        impl<T: $transport> $client<T> {
            /// A client of this API over this transport.
            #[must_use]
            pub fn new(api: Api, transport: T) -> Self {
                Self { caller: Caller::new(api), transport }
            }

            /// Makes calls with these options, unless they have their own.
            #[must_use]
            pub fn with_options(mut self, options: CallOptions) -> Self {
                self.caller = self.caller.with_options(options);
                self
            }

            /// Tells this observer of each attempt of each call.
            #[must_use]
            pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
                self.caller = self.caller.with_observer(observer);
                self
            }

            /// The session operations.
            #[must_use]
            pub fn sessions(&self) -> $sessions<'_, T> {
                $sessions { client: self, options: None }
            }

            /// The API that is called.
            #[must_use]
            pub fn api(&self) -> &Api {
                self.caller.api()
            }

            /// What makes the calls.
            #[must_use]
            pub fn caller(&self) -> &Caller {
                &self.caller
            }

            /// The transport that carries the calls.
            #[must_use]
            pub fn transport(&self) -> &T {
                &self.transport
            }
        }

        // Not derived, as that would ask for a transport that is Copy.
        impl<T> Clone for $sessions<'_, T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $sessions<'_, T> {}

        impl<T> $sessions<'_, T> {
            /// Makes the calls of this façade with these options instead of the client's.
            #[must_use]
            pub fn with_options(mut self, options: CallOptions) -> Self {
                self.options = Some(options);
                self
            }

            fn caller(&self) -> Caller {
                let caller = self.client.caller.clone();
                match self.options {
                    None => caller,
                    Some(options) => caller.with_options(options),
                }
            }

            fn exchange<O: Operation>(&self, operation: &O) -> Result<Exchange<O>, Error> {
                match self.options {
                    None => self.client.caller.exchange(operation),
                    Some(_) => self.caller().exchange(operation),
                }
            }
        }
    };
}
common!(Client: Transport, Sessions);
common!(AsyncClient: AsyncTransport, AsyncSessions);

impl<T: Transport> Client<T> {
    /// Calls any operation, those of your own included.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn call<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.sessions().call(operation)
    }
}

impl<T: AsyncTransport> AsyncClient<T> {
    /// Calls any operation, those of your own included.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn call<O: Operation>(&self, operation: &O) -> Result<O::Output, Error> {
        self.sessions().call(operation).await
    }
}

impl<T: Transport> Sessions<'_, T> {
    /// Calls any operation, those of your own included, with the options of this façade.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn call<O: Operation>(self, operation: &O) -> Result<O::Output, Error> {
        drive(&self.client.transport, self.exchange(operation)?)
    }
}

impl<T: AsyncTransport> AsyncSessions<'_, T> {
    /// Calls any operation, those of your own included, with the options of this façade.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn call<O: Operation>(self, operation: &O) -> Result<O::Output, Error> {
        drive_async(&self.client.transport, self.exchange(operation)?).await
    }
}

/// One method an operation on both façades, so that they can't differ. They take the façade, which is `Copy`, by value: so a
/// future may outlive the `sessions()` it came from.
macro_rules! facades {
    ($($name:ident: $operation:ident,)+) => {
        impl<T: Transport> Sessions<'_, T> {
            $(#[doc = concat!("Calls [`", stringify!($operation), "`](operations::", stringify!($operation), "), see there.")]
            ///
            /// # Errors
            /// See [`Error`].
            pub fn $name(
                self,
                parameters: impl Into<operations::$operation>,
            ) -> Result<<operations::$operation as Operation>::Output, Error> {
                self.call(&parameters.into())
            })+
        }

        impl<T: AsyncTransport> AsyncSessions<'_, T> {
            $(#[doc = concat!("Calls [`", stringify!($operation), "`](operations::", stringify!($operation), "), see there.")]
            ///
            /// # Errors
            /// See [`Error`].
            pub async fn $name(
                self,
                parameters: impl Into<operations::$operation>,
            ) -> Result<<operations::$operation as Operation>::Output, Error> {
                self.call(&parameters.into()).await
            })+
        }
    };
}
for_each_operation!(facades);

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;
    use std::future::ready;
    use std::pin::pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use http::{Request, Response};

    use super::*;
    use crate::error::TransportError;
    use crate::registry;
    use crate::{CreateSession, ListSessions, RefreshSession, RevokeAll};

    type Sent = (http::Method, String);

    /// Answers 404 to everything, and remembers what was asked.
    #[derive(Default)]
    struct Recorder(RefCell<Vec<Sent>>);

    impl Transport for Recorder {
        fn send(&self, request: Request<Vec<u8>>, _: Duration) -> Result<Response<Vec<u8>>, TransportError> {
            self.0.borrow_mut().push((request.method().clone(), request.uri().path().to_owned()));
            Ok(Response::builder().status(404).body(Vec::new()).unwrap())
        }

        fn sleep(&self, _: Duration) {}

        fn now(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[derive(Default)]
    struct AsyncRecorder(Mutex<Vec<Sent>>);

    impl AsyncTransport for AsyncRecorder {
        fn send(
            &self,
            request: Request<Vec<u8>>,
            _: Duration,
        ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
            self.0.lock().unwrap().push((request.method().clone(), request.uri().path().to_owned()));
            ready(Ok(Response::builder().status(404).body(Vec::new()).unwrap()))
        }

        fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send {
            ready(())
        }

        fn now(&self) -> Duration {
            Duration::ZERO
        }
    }

    fn refresh() -> RefreshSession {
        RefreshSession::new("session_id", "a", "b", "c")
    }

    /// What the registry's operations send when each id is the name of its parameter.
    fn registered() -> BTreeSet<(String, String)> {
        let target = |path: &str| format!("/v1{}", path.replace(['{', '}'], ""));
        registry::OPERATIONS.iter().map(|entry| (entry.meta().method.to_string(), target(entry.meta().path))).collect()
    }

    fn seen(sent: Vec<Sent>) -> BTreeSet<(String, String)> {
        assert_eq!(sent.len(), 7, "seven calls");
        sent.into_iter().map(|(method, path)| (method.to_string(), path)).collect()
    }

    #[test]
    fn the_blocking_facade_is_the_registry_no_more_no_less() {
        let client = Client::new(Api::new("sk_test_1").unwrap(), Recorder::default());
        let sessions = client.sessions();
        assert!(sessions.list(ListSessions::new()).is_err());
        assert!(sessions.create(CreateSession::new("user_1")).is_err());
        assert!(sessions.get("session_id").is_err());
        assert!(sessions.refresh(refresh()).is_err());
        assert!(sessions.revoke("session_id").is_err());
        assert!(sessions.create_token("session_id").is_err());
        assert!(sessions.create_token_from_template(("session_id", "template_name")).is_err());
        assert_eq!(seen(client.transport().0.take()), registered());
    }

    #[test]
    fn the_async_facade_is_the_registry_no_more_no_less() {
        let client = AsyncClient::new(Api::new("sk_test_1").unwrap(), AsyncRecorder::default());
        let sessions = client.sessions();
        let calls = pin!(async {
            assert!(sessions.list(ListSessions::new()).await.is_err());
            assert!(sessions.create(CreateSession::new("user_1")).await.is_err());
            assert!(sessions.get("session_id").await.is_err());
            assert!(sessions.refresh(refresh()).await.is_err());
            assert!(sessions.revoke("session_id").await.is_err());
            assert!(sessions.create_token("session_id").await.is_err());
            assert!(sessions.create_token_from_template(("session_id", "template_name")).await.is_err());
        });
        assert_eq!(calls.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
        assert_eq!(seen(std::mem::take(&mut client.transport().0.lock().unwrap())), registered());
    }

    #[test]
    fn a_client_may_have_a_transport_chosen_at_run_time() {
        let boxed: Box<dyn Transport> = Box::new(Recorder::default());
        let client = Client::new(Api::new("sk_test_1").unwrap(), boxed);
        assert!(client.sessions().get("sess_1").unwrap_err().is_not_found());
    }

    #[test]
    fn clients_and_futures_cross_threads() {
        fn both<T: Send + Sync>(_: &T) {}
        fn send<T: Send>(_: T) {}
        let client = AsyncClient::new(Api::new("sk_test_1").unwrap(), AsyncRecorder::default());
        both(&client);
        both(client.api());
        send(client.sessions().get("sess_1"));
        send(client.sessions().list(ListSessions::new()));
        send(client.sessions().refresh(refresh()));
        send(client.sessions().revoke_all(RevokeAll::of_user("user_1")));
        let mut pages = client.sessions().pages(ListSessions::new());
        send(pages.next());
        fn error<T: Send + Sync + Clone + std::error::Error + 'static>() {}
        error::<Error>();
    }
}
