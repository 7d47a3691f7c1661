-- Drops the token that is known by the tag ARGV[1]; another stays.
if token and token.tag == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
