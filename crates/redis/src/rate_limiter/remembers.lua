-- Whether the mark KEYS[1] stands.
return redis.call('EXISTS', KEYS[1])
