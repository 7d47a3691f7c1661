-- Acts are counted in sorted sets, KEYS: an act is a member, its time in
-- microseconds of this server the score. The member 'span' tells, as a negative
-- score, how long acts count at the longest; it stands before all acts.
--
-- A window is three of ARGV from the second on: which key, how many, how long.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- The window that stays full the longest, and how long.
local function longest_wait()
  local window, wait = 0, 0
  for first = 2, #ARGV, 3 do
    local limit, per = tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2])
    -- It is full while the act `limit` places from the end is in it.
    local act = redis.call('ZREVRANGE', KEYS[tonumber(ARGV[first])], limit - 1, limit - 1, 'WITHSCORES')
    if act[1] and act[1] ~= 'span' then
      local left = tonumber(act[2]) + per - now
      if left > 0 and left >= wait then
        window, wait = (first - 2) / 3, left
      end
    end
  end
  return window, wait
end

