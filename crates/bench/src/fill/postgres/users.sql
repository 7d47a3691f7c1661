-- Ids as UUIDv7 has them: in the order of time
INSERT INTO users (id, status, nickname, version, created_at, updated_at, last_login_at)
SELECT (lpad(to_hex(1735689600000 + n), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
    'active', '用户' || lpad(to_hex(n), 6, '0'), 1, at, at, at
FROM (SELECT n, now() - interval '10 days' AS at FROM generate_series(0, :last) AS n) AS people
