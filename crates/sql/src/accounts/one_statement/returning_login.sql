-- A returning login. Everything else hangs on `me`: where the account is not just
-- as it was observed, `me` is empty and nothing is written.
WITH victims AS (
    -- The sessions that the new one takes the place of: those of its device, and of
    -- the others the oldest beyond the limit. No window functions here: they cost
    -- more than all the rest.
    SELECT id
    FROM sessions
    WHERE user_id = $2::uuid AND client_type = $3::text
      AND app_id IS NOT DISTINCT FROM $7::text
      AND ended_at IS NULL AND expires_at > $32::timestamptz
      AND device_id = $4::text
    UNION ALL
    (SELECT id
     FROM sessions
     WHERE user_id = $2::uuid AND client_type = $3::text
       AND app_id IS NOT DISTINCT FROM $7::text
       AND ended_at IS NULL AND expires_at > $32::timestamptz
       AND (device_id = $4::text) IS NOT TRUE
     ORDER BY created_at DESC, id DESC
     OFFSET $40::bigint)
), me AS (
    UPDATE users
    SET last_login_at = greatest($35::timestamptz, last_login_at + interval '1 microsecond')
    WHERE id = $2::uuid AND version = $33::bigint AND last_login_at = $34::timestamptz
      AND ($36::bytea IS NULL OR EXISTS (
          SELECT 1 FROM identities
          WHERE provider = $37::text AND app_id = $38::text AND subject = $39::text
            AND user_id = $2::uuid))
      AND (SELECT count(*) FROM victims) <= cardinality($41::uuid[])
    RETURNING id
), session_key AS (
    UPDATE identities SET session_key_sealed = $36::bytea, session_key_at = $32::timestamptz
    FROM me
    WHERE $36::bytea IS NOT NULL
      AND provider = $37::text AND app_id = $38::text AND subject = $39::text
      AND user_id = me.id
), ended AS (
    UPDATE sessions SET ended_at = $32::timestamptz, end_reason = $44::text
    FROM me, victims
    WHERE sessions.id = victims.id AND sessions.user_id = me.id AND sessions.ended_at IS NULL
    RETURNING sessions.id
), opened AS (
    INSERT INTO sessions (
        id, user_id, client_type, device_id, device_name, client_version, app_id, address,
        user_agent, created_at, last_seen_at, proven_at, expires_at, generation,
        current_issued_at, code_id)
    SELECT $1::uuid, me.id, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text,
           $9::text, $10::timestamptz, $11::timestamptz, $12::timestamptz, $13::timestamptz, 0,
           $14::timestamptz, $15::bytea
    FROM me
), told AS (
    INSERT INTO audit_events (
        id, at, action, user_id, session_id, subject, method, reason, address, device_id,
        request_id)
    SELECT event.*
    FROM me, unnest(
        $16::uuid[], $17::timestamptz[], $18::text[], $19::uuid[], $20::uuid[], $21::text[],
        $22::text[], $23::text[], $24::text[], $25::text[], $26::text[]) AS event
    UNION ALL
    SELECT ($41::uuid[])[row_number() OVER ()], $32::timestamptz, $43::text, $2::uuid, id, NULL, NULL,
           $44::text, NULL, NULL, NULL
    FROM ended
), published AS (
    INSERT INTO outbox (id, at, due_at, user_id, kind, payload)
    SELECT event.id, event.at, event.at, event.user_id, event.kind, event.payload::json
    FROM me, unnest($27::uuid[], $28::timestamptz[], $29::uuid[], $30::text[], $31::text[])
        AS event (id, at, user_id, kind, payload)
    UNION ALL
    SELECT ($42::uuid[])[row_number() OVER ()], $32::timestamptz, $32::timestamptz, $2::uuid, $45::text,
           replace($46::text, '00000000-0000-0000-0000-000000000000', id::text)::json
    FROM ended
)
SELECT count(*) FROM me
