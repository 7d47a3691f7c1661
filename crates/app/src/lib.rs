//! Menshen, the login service: HTTP, command line and wiring.
