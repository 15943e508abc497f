//! [`CallContext`]: the shared state of all calls of a client.

use std::fmt;
use std::sync::Arc;

use super::observer::Observer;
use super::options::CallOptions;
use super::rate_limit::RateLimit;
use super::retry_budget::RetryBudget;
use crate::api::Api;

/// The shared state of all calls: the [`Api`], the options, the rate limit, the retry budget, the observer.
///
/// A [`Client`](crate::Client) has one; see [`Client::context`](crate::Client::context). Create one yourself to drive calls
/// without a transport; the [module](crate::call) has an example.
///
/// Create it once and clone it: clones share the rate limit and the retry budget. Drive all its calls by the same clock.
#[derive(Clone)]
pub struct CallContext {
    /// Each call has a clone, so a clone is only one reference.
    shared: Arc<Shared>,
}

#[derive(Clone)]
struct Shared {
    api: Api,
    options: CallOptions,
    rate_limit: Arc<RateLimit>,
    retry_budget: Arc<RetryBudget>,
    observer: Option<Arc<dyn Observer>>,
}

impl CallContext {
    /// Creates a context for this API, with the default options and no observer.
    #[must_use]
    pub fn new(api: Api) -> Self {
        let shared = Shared {
            api,
            options: CallOptions::default(),
            rate_limit: Arc::default(),
            retry_budget: Arc::default(),
            observer: None,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Sets the time limits and retries of the calls.
    #[must_use]
    #[inline] // Most programs set none, and then don't compile it.
    pub fn with_options(mut self, options: CallOptions) -> Self {
        Arc::make_mut(&mut self.shared).options = options;
        self
    }

    /// Clones it, with these options if there are any.
    pub(crate) fn clone_with(&self, options: Option<CallOptions>) -> Self {
        let context = self.clone();
        match options {
            None => context,
            Some(options) => context.with_options(options),
        }
    }

    /// Sets the observer, which receives each attempt of each call.
    #[must_use]
    #[inline] // Most programs set none, and then don't compile it.
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        Arc::make_mut(&mut self.shared).observer = Some(Arc::new(observer));
        self
    }

    /// The API that the calls go to.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.shared.api
    }

    /// The time limits and retries of the calls.
    #[must_use]
    pub fn options(&self) -> &CallOptions {
        &self.shared.options
    }

    pub(super) fn rate_limit(&self) -> &Arc<RateLimit> {
        &self.shared.rate_limit
    }

    pub(super) fn retry_budget(&self) -> &Arc<RetryBudget> {
        &self.shared.retry_budget
    }

    pub(super) fn observer(&self) -> Option<&dyn Observer> {
        self.shared.observer.as_deref()
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("api", self.api())
            .field("options", self.options())
            .field("observed", &self.observer().is_some())
            .finish_non_exhaustive()
    }
}
