-- Forgets all acts of KEYS[1], and gives back the places of the act ARGV[1] in the
-- other keys.
redis.call('DEL', KEYS[1])
for index = 2, #KEYS do
  local key = KEYS[index]
  if redis.call('ZREM', key, ARGV[1]) == 1 and redis.call('ZCARD', key) == 1 then
    redis.call('DEL', key)
  end
end
return 1
