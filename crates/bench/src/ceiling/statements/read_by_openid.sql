\set r random(0, :regulars - 1)
\set n :r * :stride
SELECT u.id AS person, u.status, u.phone_sealed, u.nickname, u.avatar_url, u.birthday, u.bio, u.version, u.created_at,
    u.updated_at, i.id AS identity, i.provider, i.app_id, i.subject, i.linked_at
FROM identities hit JOIN users u ON u.id = hit.user_id LEFT JOIN identities i ON i.user_id = u.id
WHERE hit.provider = 'wechat_mini_program' AND hit.app_id = '@app' AND hit.subject = 'o' || lpad(:n::text, 27, '0')
    AND u.status NOT IN ('merged', 'erased') \gset
