-- Answers the live code's seed, the draft's, or the fresh one as a draft; and
-- what is left of its life. ARGV: id, nonce, life, least life of a code that is
-- sent again, tries in all.
local live = codes.live
if live and live.expires - now >= tonumber(ARGV[4]) and live.tries < tonumber(ARGV[5]) then
  return {live.id, live.nonce, live.expires - now}
end
if not codes.draft then
  codes.draft = {id = ARGV[1], nonce = ARGV[2], expires = now + tonumber(ARGV[3])}
  keep()
end
return {codes.draft.id, codes.draft.nonce, codes.draft.expires - now}
