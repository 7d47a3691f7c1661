UPDATE sessions SET generation = generation + 1, previous_generation = generation, current_issued_at = now(),
    last_seen_at = now()
WHERE id = :session::uuid AND ended_at IS NULL AND expires_at > now()
    AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.status = 'active')
