-- Counts the act ARGV[1] in every window.
local function take()
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
end

