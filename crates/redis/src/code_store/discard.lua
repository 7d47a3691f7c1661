-- Drops the draft of ARGV[1].
if codes.draft and codes.draft.id == ARGV[1] then
  codes.draft = nil
  keep()
end
return 1
