WITH RECURSIVE people(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM people WHERE n < :last),
    past(at, over) AS (SELECT strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now', '-10 days'),
        strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now', '170 days'))
INSERT INTO sessions (id, user_id, client_type, app_id, address, created_at, last_seen_at,
    proven_at, expires_at, generation, current_issued_at)
SELECT unhex(printf('%012x7000a%015x', 1735689600000 + n, n)),
    unhex(printf('%012x70008%015x', 1735689600000 + n, n)),
    'mini_program', ':app', '127.0.0.1', at, at, at, over, 0, at
FROM people, past
