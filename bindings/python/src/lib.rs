//! The native module of the Python package: `clerk_sessions_bindings` as Python classes.

use clerk_sessions_bindings::{self as bindings, Step};
use clerk_sessions_core::{Delivery, Error};
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

create_exception!(_native, Failure, PyException, "An error as one JSON object.");

fn failure(error: Error) -> PyErr {
    Failure::new_err(serde_json::to_string(&error).unwrap_or_else(|_| "{}".to_owned()))
}

/// The settings of one Clerk instance, and the state that its calls share.
#[pyclass(frozen)]
struct Client(bindings::Client);

#[pymethods]
impl Client {
    #[new]
    fn new(settings: &str) -> PyResult<Self> {
        bindings::Client::new(settings.as_bytes()).map(Self).map_err(failure)
    }

    fn call(&self, operation_id: &str, parameters: &str, options: &str) -> Call {
        Call(self.0.call(operation_id, parameters.as_bytes(), options.as_bytes()))
    }

    fn revoke_all(&self, parameters: &str, options: &str) -> Call {
        Call(self.0.revoke_all(parameters.as_bytes(), options.as_bytes()))
    }

    fn pages(&self, parameters: &str, options: &str) -> Pages {
        Pages(self.0.pages(parameters.as_bytes(), options.as_bytes()))
    }
}

/// One call of an operation, with its retries.
#[pyclass]
struct Call(bindings::Call);

type Request<'py> = (String, String, Vec<(String, String)>, Bound<'py, PyBytes>, f64);

#[pymethods]
impl Call {
    /// Returns the request to send as (method, url, headers, body, timeout in seconds), the seconds to wait, or None if the call has
    /// ended.
    fn step<'py>(&mut self, py: Python<'py>, now_ms: u64) -> PyResult<Py<PyAny>> {
        #[allow(clippy::cast_precision_loss)]
        let seconds = |ms: u64| ms as f64 / 1000.0;
        match self.0.step(now_ms).map_err(failure)? {
            Step::Send(request) => {
                let body = PyBytes::new(py, &request.body);
                let request: Request<'py> =
                    (request.method, request.url, request.headers, body, seconds(request.timeout_ms));
                Ok(request.into_pyobject(py)?.into_any().unbind())
            }
            Step::Wait { ms } => Ok(seconds(ms).into_pyobject(py)?.into_any().unbind()),
            Step::Done => Ok(py.None()),
        }
    }

    fn on_response(&mut self, status: u16, headers: Vec<(Vec<u8>, Vec<u8>)>, body: &[u8], now_ms: u64) -> PyResult<()> {
        self.0.on_response(status, headers, body.to_vec(), now_ms).map_err(failure)
    }

    fn on_failure(&mut self, maybe_sent: bool, kind: &str, message: &str, now_ms: u64) -> PyResult<()> {
        let delivery = if maybe_sent { Delivery::MaybeSent } else { Delivery::NotSent };
        self.0.on_failure(bindings::Failure::new(delivery, kind, message), now_ms).map_err(failure)
    }

    fn finish<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.0.finish().map(|json| PyBytes::new(py, &json)).map_err(failure)
    }
}

/// All sessions of a list. Each page is a call.
#[pyclass]
struct Pages(bindings::Pages);

#[pymethods]
impl Pages {
    fn next_page(&mut self) -> Option<Call> {
        self.0.next_page().map(Call)
    }
}

/// All operations, as a JSON list.
#[pyfunction]
fn operations() -> String {
    bindings::operations()
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Client>()?;
    module.add_class::<Call>()?;
    module.add_class::<Pages>()?;
    module.add("Failure", module.py().get_type::<Failure>())?;
    module.add_function(wrap_pyfunction!(operations, module)?)
}
