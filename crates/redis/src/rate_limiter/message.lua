-- Counts a message, ARGV[1], in every window, and as sent in every scope:
-- {1, 0, 0, the second, what the scopes held before}; or nowhere: {0, which, how long, 0,
-- {}} if a window is full, {-1, …} if the past was not told, {-2, …} if that of the
-- person is not known.
--
-- Behind the windows ARGV has: which key is the person's, or 0; how long the past of
-- persons is young; how long the mark stays; the number of scopes. Behind their keys KEYS
-- has the mark, and the scopes.
local scopes = take_scopes()
local mark = table.remove(KEYS)
local kept, young = tonumber(table.remove(ARGV)), tonumber(table.remove(ARGV))
local person = tonumber(table.remove(ARGV))
local told = redis.call('GET', mark)
if not told then
  return {-1, 0, 0, 0, {}}
end
if person > 0 and tonumber(told) + young > now and redis.call('EXISTS', KEYS[person]) == 0 then
  return {-2, 0, 0, 0, {}}
end
local window, wait = longest_wait()
if wait > 0 then
  return {0, window, wait, 0, {}}
end
take()
local second = math.floor(now / 1000000)
local counted = {}
for index, key in ipairs(scopes) do
  counted[index] = redis.call('HGETALL', key)
  count(key, second, 's', 1)
  for field = 1, #counted[index], 2 do
    local kind, number = string.match(counted[index][field], '^(%a)(%d+)')
    local length, slices = 120, 30
    if kind == 'c' then
      length, slices = 3600, 23
    end
    if tonumber(number) < math.floor(second / length) - slices then
      redis.call('HDEL', key, counted[index][field])
    end
  end
end
redis.call('PEXPIRE', mark, kept)
return {1, 0, 0, second, counted}
