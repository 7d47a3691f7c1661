//! The ephemeral ports of Menshen in process.
