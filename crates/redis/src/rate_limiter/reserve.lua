-- Counts the act ARGV[1] in every window: {1, 0, 0}; or in none, if one is full:
-- {0, which, how long}.
local window, wait = longest_wait()
if wait > 0 then
  return {0, window, wait}
end
take()
return {1, 0, 0}
