-- The token of one application, in KEYS[1]: the `sealed` token, the `tag` that it
-- is known by, until when it is `fresh`, and until when it `expires`. Times are
-- microseconds of this server.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = redis.call('GET', KEYS[1])
local token = stored and cmsgpack.unpack(stored)
if token and token.expires <= now then
  token = nil
end

