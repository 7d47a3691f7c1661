//! Who is signed in at Menshen, for services on actix-web.
//!
//! [`SignedIn`] as an argument of a handler lets whoever holds a good access token
//! through. The token is checked by Menshen's published keys; nobody is asked, so a
//! sign-out is seen when the token expires. [`SignedInNow`] asks Menshen as well, which
//! sees it at once.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, get, web::Data};
//! use menshen_client::{Menshen, Settings, SignedIn, SignedInNow};
//!
//! #[get("/orders")]
//! async fn orders(who: SignedIn) -> String {
//!     format!("orders of {}", who.user)
//! }
//!
//! #[get("/payments")]
//! async fn payments(who: SignedInNow) -> String {
//!     format!("payments of {}", who.user)
//! }
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let menshen = Data::new(Menshen::new(&Settings::default())?);
//! HttpServer::new(move || App::new().app_data(menshen.clone()).service(orders).service(payments))
//!     .bind("127.0.0.1:3000")?
//!     .run()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! Whoever is refused gets 401 with `WWW-Authenticate` (RFC 6750) and `{"code":"…"}`;
//! where nobody can tell because Menshen is away, 503.

mod error;
mod extract;
mod keys;
mod menshen;
mod settings;
mod token;

pub use error::{CheckError, Refusal};
pub use extract::SignedInNow;
pub use menshen::Menshen;
pub use settings::{Algorithm, BadSettings, Settings};
pub use token::SignedIn;
