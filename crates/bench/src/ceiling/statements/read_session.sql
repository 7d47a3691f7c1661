\set r random(0, :regulars - 1)
\set n :r * :stride
SELECT s.id AS session, s.client_type, s.app_id, s.address, s.created_at, s.last_seen_at, s.proven_at, s.expires_at,
    s.ended_at, s.generation AS generation, s.previous_generation, s.current_issued_at, u.id, u.status, u.phone_sealed,
    u.nickname, u.avatar_url, u.birthday, u.bio, u.version, i.id, i.provider, i.app_id, i.subject, i.linked_at
FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN identities i ON i.user_id = u.id
WHERE s.id = (lpad(to_hex(1735689600000 + :n::bigint), 12, '0') || '7000a' || lpad(to_hex(:n::bigint), 15, '0'))::uuid \gset
