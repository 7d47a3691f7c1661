WITH asked AS (
    INSERT INTO audit_events (id, at, action, subject, address, request_id)
    VALUES (@id, now(), 'code.requested', '139****0000', '127.0.0.1', '00000000000000000000000000000000')
)
INSERT INTO sms_sends (id, at, phone_index, phone_masked, purpose, client_type, source)
VALUES (@id, now(), decode(md5(random()::text) || md5(random()::text), 'hex'), '139****0000', 'login', 'app', '127.0.0.1')
RETURNING id AS send \gset
WITH sent AS (
    UPDATE sms_sends SET verdict = 'accepted' WHERE id = :send::uuid AND verdict IS NULL RETURNING id
), tried AS (
    INSERT INTO sms_attempts (send_id, number, at, took_ms, vendor, outcome)
    SELECT id, 1, now(), 1, 'webhook', 'accepted' FROM sent
)
INSERT INTO audit_events (id, at, action, subject, address, request_id)
SELECT @id, now(), 'code.sent', '139****0000', '127.0.0.1', '00000000000000000000000000000000' FROM sent;
