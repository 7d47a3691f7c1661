-- Forgets all acts of the first ARGV[2] of KEYS, gives back the places of the act
-- ARGV[1] in the other keys, and counts a right code.
local scopes = take_scopes()
local forgotten = tonumber(ARGV[2])
for index = 1, forgotten do
  redis.call('DEL', KEYS[index])
end
for index = forgotten + 1, #KEYS do
  local key = KEYS[index]
  if redis.call('ZREM', key, ARGV[1]) == 1 and redis.call('ZCARD', key) == 1 then
    redis.call('DEL', key)
  end
end
for _, key in ipairs(scopes) do
  count(key, redis.call('TIME')[1], 'v', 1)
end
return 1
