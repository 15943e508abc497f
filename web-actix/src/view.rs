//! The [`RequestView`] of a request of actix-web.

use actix_web::dev::ServiceRequest;
use actix_web::http::header::HOST;
use clerk_sessions_auth::RequestView;

/// The parts of a request that authentication reads. The scheme is that of the connection: headers that anybody can send don't
/// change it.
pub(crate) fn of(request: &ServiceRequest, assumes_https: bool) -> RequestView<'_> {
    let uri = request.uri();
    let is_https = assumes_https || request.app_config().secure();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut view = RequestView::new(request.method().as_str(), if is_https { "https" } else { "http" }, target);
    for (name, value) in request.headers() {
        view.add_header(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    // HTTP/2 has the host in the URL.
    if let Some(authority) = uri.authority().filter(|_| !request.headers().contains_key(HOST)) {
        view.add_header("host", authority.as_str());
    }
    view
}
