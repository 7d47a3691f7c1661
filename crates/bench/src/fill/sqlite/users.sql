-- Ids as UUIDv7 has them: in the order of time. Moments as the driver writes them.
WITH RECURSIVE people(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM people WHERE n < :last),
    past(at) AS (SELECT strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now', '-10 days'))
INSERT INTO users (id, status, nickname, version, created_at, updated_at, last_login_at)
SELECT unhex(printf('%012x70008%015x', 1735689600000 + n, n)),
    'active', '用户' || printf('%06x', n), 1, at, at, at
FROM people, past
