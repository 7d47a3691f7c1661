-- Gives back the places of the act ARGV[1], and the message of the second ARGV[2].
for _, key in ipairs(take_scopes()) do
  count(key, tonumber(ARGV[2]), 's', -1)
end
for _, key in ipairs(KEYS) do
  if redis.call('ZREM', key, ARGV[1]) == 1 and redis.call('ZCARD', key) == 1 then
    redis.call('DEL', key)
  end
end
return 1
