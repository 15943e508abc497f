//! What makes calls: an API, the options of its calls, and what the calls learn from one another.

use std::fmt;
use std::sync::Arc;

use crate::api::Api;
use crate::limiter::Limiter;
use crate::observe::Observer;
use crate::options::CallOptions;

/// Makes the [`Exchange`](crate::Exchange)s of an [`Api`], for a driver of your own: it is what a client is without its transport.
///
/// Its clones share a pause that the server asked for and the budget of retries. So keep one, and drive all its exchanges by
/// the same clock.
#[derive(Clone)]
pub struct Caller {
    api: Api,
    options: CallOptions,
    limiter: Arc<Limiter>,
    observer: Option<Arc<dyn Observer>>,
}

impl Caller {
    /// Makes calls of this API with the default options.
    #[must_use]
    pub fn new(api: Api) -> Self {
        Self { api, options: CallOptions::default(), limiter: Arc::default(), observer: None }
    }

    /// Makes calls with these options.
    #[must_use]
    pub fn with_options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// Tells this observer of each attempt.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The API that is called.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The options of the calls.
    #[must_use]
    pub fn options(&self) -> &CallOptions {
        &self.options
    }

    pub(crate) fn limiter(&self) -> &Arc<Limiter> {
        &self.limiter
    }

    pub(crate) fn observer(&self) -> Option<&dyn Observer> {
        self.observer.as_deref()
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("api", &self.api)
            .field("options", &self.options)
            .field("observed", &self.observer.is_some())
            .finish_non_exhaustive()
    }
}
