\set r random(0, 1000000000)
SELECT count(*) AS nobody FROM identities hit JOIN users u ON u.id = hit.user_id
WHERE hit.provider = 'wechat_mini_program' AND hit.app_id = '@app' AND hit.subject = 'x' || :r \gset
WITH person AS (
    INSERT INTO users (id, status, nickname, version, created_at, updated_at, last_login_at)
    VALUES (@id, 'active', '用户000000', 1, now(), now(), now()) RETURNING id
), linked AS (
    INSERT INTO identities (id, user_id, provider, app_id, subject, session_key_sealed, session_key_at, linked_at)
    SELECT @id, id, 'wechat_mini_program', '@app', 'p' || id, decode(repeat('00', 57), 'hex'), now(), now() FROM person
), opened AS (
    INSERT INTO sessions (id, user_id, client_type, app_id, address, created_at, last_seen_at, proven_at, expires_at,
        generation, current_issued_at)
    SELECT @id, id, 'mini_program', '@app', '127.0.0.1', now(), now(), now(), now() + interval '180 days', 0, now()
    FROM person RETURNING id, user_id
), told AS (
    INSERT INTO audit_events (id, at, action, user_id, session_id, method, address, request_id)
    SELECT @id, now(), action, user_id, id, 'wechat', '127.0.0.1', '00000000000000000000000000000000'
    FROM opened, (VALUES ('account.created'), ('account.linked'), ('login.succeeded')) AS told (action)
)
INSERT INTO outbox (id, at, user_id, kind, payload, due_at)
SELECT @id, now(), user_id, kind, json_build_object('user_id', user_id, 'session_id', id), now()
FROM opened, (VALUES ('user.created'), ('user.identity_linked'), ('session.created')) AS told (kind)
