//! Authenticating requests: bearer tokens, cookies, handshakes and refreshes.

mod budget;
mod context;
mod cookie_choice;
mod cookies;
mod facts;
mod flow;
mod handshake;
mod operations;
mod organization;
mod outcome;
mod public_url;
mod referrer;
mod refresh;
mod rows_b;
mod rows_c_to_j;
mod session_token;
mod settings;
mod sign_in_page;
mod stage;
mod token_check;
mod view;

pub use self::facts::RequestFacts;
pub use self::organization::{OrganizationPatterns, OrganizationTarget};
pub use self::outcome::{Identity, Outcome};
pub use self::settings::{Authentication, AuthenticationBuilder, Satellite};
pub use self::sign_in_page::SignInPage;
pub use self::stage::AuthenticateRequest;
pub use self::view::RequestView;
