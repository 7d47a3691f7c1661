//! The WeChat gateway of Menshen.
