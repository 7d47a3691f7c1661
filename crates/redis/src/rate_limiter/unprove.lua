-- Takes a right code back.
for _, key in ipairs(take_scopes()) do
  count(key, redis.call('TIME')[1], 'v', -1)
end
return 1
