-- Nothing is counted, {-1, 0, 0}, unless the mark stands that is the last of KEYS; it
-- is none of those that count.
local mark = table.remove(KEYS)
if redis.call('EXISTS', mark) == 0 then
  return {-1, 0, 0}
end
