//! Keys, sealing and JSON Web Tokens of Menshen.
