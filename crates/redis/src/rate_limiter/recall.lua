-- Counts acts of the past, unless the mark KEYS[1] says that it was done: 1 if
-- this did it. The mark tells when. The other keys are replaced. ARGV: how long the mark stays; then
-- which key, how long its acts count, how long ago, how many.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('SET', KEYS[1], string.format('%.0f', now), 'PX', math.ceil(tonumber(ARGV[1]) / 1000))
for index = 2, #KEYS do
  redis.call('DEL', KEYS[index])
end
local number = 0
for first = 2, #ARGV, 4 do
  local key, per = KEYS[tonumber(ARGV[first])], tonumber(ARGV[first + 1])
  local at = now - tonumber(ARGV[first + 2])
  if at + per > now then
    local span = math.max(-tonumber(redis.call('ZSCORE', key, 'span') or 0), per)
    redis.call('ZADD', key, -span, 'span')
    redis.call('PEXPIRE', key, math.ceil(span / 1000))
    for _ = 1, tonumber(ARGV[first + 3]) do
      number = number + 1
      redis.call('ZADD', key, at, 'past ' .. number)
    end
  end
end
return 1
