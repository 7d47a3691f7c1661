//! The schema of Menshen, one list of migrations for SQLite and PostgreSQL.
