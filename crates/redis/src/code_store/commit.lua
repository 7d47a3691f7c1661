-- Makes the draft the live code and gives it a challenge; 0 if it takes no more.
-- ARGV: id, nonce, what was left of its life, challenge, its tries, challenges
-- at most.
if codes.spent and codes.spent.id == ARGV[1] then
  -- It was used while its message was on the way, and works only once.
  return 1
end
local challenge = {id = ARGV[4], tries = 0, allowed = tonumber(ARGV[5])}
local live = codes.live
if live and live.id == ARGV[1] then
  if #live.challenges >= tonumber(ARGV[6]) then
    return 0
  end
  table.insert(live.challenges, challenge)
  live.sent = now
else
  local expires = now + tonumber(ARGV[3])
  if codes.draft and codes.draft.id == ARGV[1] then
    expires = codes.draft.expires
    codes.draft = nil
  end
  codes.live = {
    id = ARGV[1], nonce = ARGV[2], expires = expires, sent = now,
    tries = 0, without = {tries = 0}, challenges = {challenge},
  }
end
keep()
return 1
