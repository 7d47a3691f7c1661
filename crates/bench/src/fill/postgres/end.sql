SET session_replication_role = origin;
VACUUM (ANALYZE);
CHECKPOINT
