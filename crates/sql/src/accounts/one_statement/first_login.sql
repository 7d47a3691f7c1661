-- A first login. The account comes first, so that the first logins of one person
-- meet at one place whatever they hold; a value that is taken undoes all of it.
WITH me AS (
    INSERT INTO users (
        id, status, phone_sealed, phone_index, phone_proof, nickname, avatar_url, birthday, bio,
        consent_version, consented_at, version, created_at, updated_at, last_login_at)
    VALUES (
        $2::uuid, $33::text, $34::bytea, $35::bytea, $36::text, $37::text, $38::text, $39::date,
        $40::text, $41::text, $42::timestamptz, $43::bigint, $44::timestamptz, $45::timestamptz,
        $46::timestamptz)
    RETURNING id
), linked AS (
    INSERT INTO identities (
        id, user_id, provider, app_id, subject, session_key_sealed, session_key_at, linked_at)
    SELECT held.id, me.id, held.provider, held.app_id, held.subject, held.session_key_sealed,
           CASE WHEN held.session_key_sealed IS NOT NULL THEN $32::timestamptz END, held.linked_at
    FROM me, unnest(
        $47::uuid[], $48::text[], $49::text[], $50::text[], $51::bytea[], $52::timestamptz[])
        AS held (id, provider, app_id, subject, session_key_sealed, linked_at)
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
), published AS (
    INSERT INTO outbox (id, at, due_at, user_id, kind, payload)
    SELECT event.id, event.at, event.at, event.user_id, event.kind, event.payload::json
    FROM me, unnest($27::uuid[], $28::timestamptz[], $29::uuid[], $30::text[], $31::text[])
        AS event (id, at, user_id, kind, payload)
)
SELECT count(*) FROM me
