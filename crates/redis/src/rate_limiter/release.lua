-- Gives back the places of the act ARGV[1].
for _, key in ipairs(KEYS) do
  if redis.call('ZREM', key, ARGV[1]) == 1 and redis.call('ZCARD', key) == 1 then
    redis.call('DEL', key)
  end
end
return 1
