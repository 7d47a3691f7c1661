-- Counts the act ARGV[1] in every window: {1, 0, 0}; or in none, if one is full:
-- {0, which, how long}.
local window, wait = longest_wait()
if wait > 0 then
  return {0, window, wait}
end
for index, key in ipairs(KEYS) do
  local span = -tonumber(redis.call('ZSCORE', key, 'span') or 0)
  for first = 2, #ARGV, 3 do
    if tonumber(ARGV[first]) == index then
      span = math.max(span, tonumber(ARGV[first + 2]))
    end
  end
  -- First what takes memory: a full server refuses it, unless something has been
  -- written already.
  redis.call('ZADD', key, -span, 'span', now, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', key, 0, now - span)
  redis.call('PEXPIRE', key, math.ceil(span / 1000))
end
return {1, 0, 0}
