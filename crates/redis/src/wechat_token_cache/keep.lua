-- Keeps a token unless one is held that expires later. ARGV: sealed token, tag,
-- how long it is fresh, how long it lives.
local expires = now + tonumber(ARGV[4])
if expires <= now or token and token.expires > expires then
  return 0
end
token = {sealed = ARGV[1], tag = ARGV[2], fresh = now + tonumber(ARGV[3]), expires = expires}
redis.call('SET', KEYS[1], cmsgpack.pack(token), 'PX', math.ceil((expires - now) / 1000))
return 1
