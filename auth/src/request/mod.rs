//! Authenticating requests: bearer tokens, cookies, handshakes and refreshes.

mod budget;
mod context;
mod cookie_choice;
mod cookies;
mod facts;
mod flow;
mod operations;
mod organization;
mod outcome;
mod public_url;
mod referrer;
mod settings;
mod token_check;
mod view;

pub use self::facts::RequestFacts;
pub use self::flow::AuthenticateRequest;
pub use self::organization::{OrganizationPatterns, OrganizationTarget};
pub use self::outcome::{Identity, Outcome};
pub use self::settings::{Authentication, AuthenticationBuilder, Satellite};
pub use self::view::RequestView;
