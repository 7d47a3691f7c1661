-- Leave to renew by force, 1 or 0; in KEYS[1] the `times` of the last 24 hours
-- and until when nobody else `rests`. ARGV: cooldown, times a day.
local DAY = 24 * 3600 * 1000000
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = redis.call('GET', KEYS[1])
local renewals = stored and cmsgpack.unpack(stored) or {rests = 0, times = {}}
local recent = {}
for _, at in ipairs(renewals.times) do
  if at + DAY > now then
    table.insert(recent, at)
  end
end
if renewals.rests > now or #recent >= tonumber(ARGV[2]) then
  return 0
end
table.insert(recent, now)
local rests = now + tonumber(ARGV[1])
local over = math.max(rests, now + DAY)
redis.call('SET', KEYS[1], cmsgpack.pack({rests = rests, times = recent}), 'PX', math.ceil((over - now) / 1000))
return 1
