-- Makes the spent code ARGV[2] the live one again, less a try of the challenge
-- ARGV[1], unless another lives by now.
if not codes.live and codes.spent and codes.spent.id == ARGV[2] then
  codes.live = codes.spent
  codes.spent = nil
  uncount(codes.live, ARGV[1])
  keep()
end
return 1
