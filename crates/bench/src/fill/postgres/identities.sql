INSERT INTO identities (id, user_id, provider, app_id, subject, linked_at)
SELECT (lpad(to_hex(1735689600000 + n), 12, '0') || '70009' || lpad(to_hex(n), 15, '0'))::uuid,
    (lpad(to_hex(1735689600000 + n), 12, '0') || '70008' || lpad(to_hex(n), 15, '0'))::uuid,
    'wechat_mini_program', ':app', 'o' || lpad(n::text, 27, '0'), now() - interval '10 days'
FROM generate_series(0, :last) AS n
