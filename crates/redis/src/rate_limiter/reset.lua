-- Forgets all acts of a key.
return redis.call('DEL', KEYS[1])
