-- Messages and right codes are counted in hashes, by slices of time that the domain
-- knows (`Slices`): 'f7s' holds the messages of the 7th two minutes, 'f7v' its right
-- codes, 'c7s' and 'c7v' those of the 7th hour.
local function count(key, second, what, by)
  -- What is gone has nothing to be taken back from.
  if by < 0 and redis.call('EXISTS', key) == 0 then
    return
  end
  redis.call('HINCRBY', key, string.format('f%d%s', math.floor(second / 120), what), by)
  redis.call('HINCRBY', key, string.format('c%d%s', math.floor(second / 3600), what), by)
  redis.call('EXPIRE', key, 86400)
end

-- Takes the last of ARGV off: so many keys, the last of KEYS, are such hashes.
local function take_scopes()
  local scopes = {}
  for _ = 1, tonumber(table.remove(ARGV)) do
    table.insert(scopes, 1, table.remove(KEYS))
  end
  return scopes
end

