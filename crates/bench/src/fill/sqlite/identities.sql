WITH RECURSIVE people(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM people WHERE n < :last),
    past(at) AS (SELECT strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now', '-10 days'))
INSERT INTO identities (id, user_id, provider, app_id, subject, linked_at)
SELECT unhex(printf('%012x70009%015x', 1735689600000 + n, n)),
    unhex(printf('%012x70008%015x', 1735689600000 + n, n)),
    'wechat_mini_program', ':app', printf('o%027d', n), at
FROM people, past
