WITH person AS (
    UPDATE users SET last_login_at = clock_timestamp() WHERE id = :person::uuid AND version = 1 RETURNING id
), opened AS (
    INSERT INTO sessions (id, user_id, client_type, address, created_at, last_seen_at, proven_at, expires_at,
        generation, current_issued_at, code_id)
    SELECT @id, id, 'app', '127.0.0.1', now(), now(), now(), now() + interval '180 days', 0, now(),
        decode(md5(random()::text), 'hex')
    FROM person RETURNING id, user_id
), told AS (
    INSERT INTO audit_events (id, at, action, user_id, session_id, method, address, request_id)
    SELECT @id, now(), action, user_id, id, 'sms', '127.0.0.1', '00000000000000000000000000000000'
    FROM opened, (VALUES ('code.verified'), ('login.succeeded')) AS told (action)
)
INSERT INTO outbox (id, at, user_id, kind, payload, due_at)
SELECT @id, now(), user_id, 'session.created', json_build_object('user_id', user_id, 'session_id', id), now() FROM opened
