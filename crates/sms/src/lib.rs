//! The SMS vendors of Menshen.
