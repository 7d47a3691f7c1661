-- Counts acts of the past under KEYS[1], unless something is counted there: 1 if this
-- did it. ARGV: how long acts count at the longest; then how long ago, and how many.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local span = tonumber(ARGV[1])
redis.call('ZADD', KEYS[1], -span, 'span')
redis.call('PEXPIRE', KEYS[1], math.ceil(span / 1000))
local number = 0
for first = 2, #ARGV, 2 do
  local at = now - tonumber(ARGV[first])
  if at + span > now then
    for _ = 1, tonumber(ARGV[first + 1]) do
      number = number + 1
      redis.call('ZADD', KEYS[1], at, 'past ' .. number)
    end
  end
end
return 1
