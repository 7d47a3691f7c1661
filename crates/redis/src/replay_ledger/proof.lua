-- A proof, in KEYS[1]. `held` until a time by somebody; `record`ed, which is
-- `open` to be completed, until it is `spent`; `dead` from then on; and all of
-- it until it is `forgotten`. ARGV[1]: how long an abandoned proof is kept.
-- Times are microseconds of this server.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local stored = redis.call('GET', KEYS[1])
local proof = stored and cmsgpack.unpack(stored) or {}

-- The stage of its life that it is in by now.
if proof.held and proof.held <= now then
  -- Whoever held it may have used it before they went away.
  proof = {dead = true, forgotten = proof.record and proof.forgotten or proof.held + tonumber(ARGV[1])}
elseif proof.record and not proof.held and proof.spent <= now then
  proof = {dead = true, forgotten = proof.forgotten}
end
if proof.forgotten and proof.forgotten <= now then
  proof = {}
end

-- Keeps what there is for as long as it may count.
local function keep()
  local over = proof.forgotten or proof.held and proof.held + tonumber(ARGV[1])
  if over then
    redis.call('SET', KEYS[1], cmsgpack.pack(proof), 'PX', math.max(math.ceil((over - now) / 1000), 1))
  elseif stored then
    redis.call('DEL', KEYS[1])
  end
end

