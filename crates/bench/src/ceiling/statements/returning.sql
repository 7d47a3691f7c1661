WITH person AS (
    UPDATE users SET last_login_at = clock_timestamp() WHERE id = :person::uuid AND version = 1 RETURNING id
), key AS (
    UPDATE identities SET session_key_sealed = decode(repeat('00', 57), 'hex'), session_key_at = now()
    WHERE id = :identity::uuid
), opened AS (
    INSERT INTO sessions (id, user_id, client_type, app_id, address, created_at, last_seen_at, proven_at, expires_at,
        generation, current_issued_at)
    SELECT @id, id, 'mini_program', '@app', '127.0.0.1', now(), now(), now(), now() + interval '180 days', 0, now()
    FROM person RETURNING id, user_id
), told AS (
    INSERT INTO audit_events (id, at, action, user_id, session_id, method, address, request_id)
    SELECT @id, now(), 'login.succeeded', user_id, id, 'wechat', '127.0.0.1', '00000000000000000000000000000000' FROM opened
)
INSERT INTO outbox (id, at, user_id, kind, payload, due_at)
SELECT @id, now(), user_id, 'session.created', json_build_object('user_id', user_id, 'session_id', id), now() FROM opened
