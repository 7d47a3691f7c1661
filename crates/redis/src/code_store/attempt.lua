-- Counts a try: {2, tries left, id, nonce}; {1, time since it was sent, '', ''}
-- if none is left; {0, 0, '', ''} if there is no such code. ARGV: challenge, tries without one,
-- tries in all.
local live = codes.live
local count = live and counter(live, ARGV[1])
if not count then
  return {0, 0, '', ''}
end
local allowed = count.allowed or tonumber(ARGV[2])
local left = math.min(allowed - count.tries, tonumber(ARGV[3]) - live.tries)
if left <= 0 then
  return {1, now - live.sent, '', ''}
end
count.tries = count.tries + 1
live.tries = live.tries + 1
keep()
return {2, left - 1, live.id, live.nonce}
