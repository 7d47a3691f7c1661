-- Spends the code ARGV[1]: 1 for who does.
if codes.live and codes.live.id == ARGV[1] then
  codes.spent = codes.live
  codes.live = nil
  keep()
  return 1
end
return 0
