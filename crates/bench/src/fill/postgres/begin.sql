-- What is written here is right: nothing is looked up for foreign keys
SET session_replication_role = replica
