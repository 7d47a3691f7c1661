//! The stores of Menshen in SQLite and PostgreSQL.
