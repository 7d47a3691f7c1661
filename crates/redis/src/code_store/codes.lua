-- The codes of one scope, in KEYS[1]: `live`, `draft` and `spent`, each until it
-- `expires`. A code counts its `tries` in all, those `without` a challenge, and
-- those of each of its `challenges`. Times are microseconds of this server.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = redis.call('GET', KEYS[1])
local codes = stored and cmsgpack.unpack(stored) or {}
for _, name in ipairs({'live', 'draft', 'spent'}) do
  if codes[name] and codes[name].expires <= now then
    codes[name] = nil
  end
end

-- Keeps what there is until the last of it is over.
local function keep()
  local over = now
  for _, code in pairs(codes) do
    over = math.max(over, code.expires)
  end
  if over > now then
    redis.call('SET', KEYS[1], cmsgpack.pack(codes), 'PX', math.ceil((over - now) / 1000))
  elseif stored then
    redis.call('DEL', KEYS[1])
  end
end

-- What counts the tries of a challenge; for '', of all tries without one.
local function counter(code, challenge)
  if challenge == '' then
    return code.without
  end
  for _, known in ipairs(code.challenges) do
    if known.id == challenge then
      return known
    end
  end
end

local function uncount(code, challenge)
  local count = counter(code, challenge)
  if count then
    count.tries = math.max(count.tries - 1, 0)
    code.tries = math.max(code.tries - 1, 0)
  end
end

