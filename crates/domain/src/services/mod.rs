//! What a person or a service can do, one use case per file.
