INSERT INTO sessions (id, user_id, client_type, app_id, address, created_at, last_seen_at,
    proven_at, expires_at, generation, current_issued_at)
SELECT (lpad(to_hex(1735689600000 + n), 12, '0') || '7000a' || lpad(to_hex(n), 15, '0'))::uuid,
    (lpad(to_hex(1735689600000 + n), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
    'mini_program', ':app', '127.0.0.1', at, at, at, at + interval '180 days', 0, at
FROM (SELECT n, now() - interval '10 days' AS at FROM generate_series(0, :last) AS n) AS people
