-- Ends a claim that did nothing; what was recorded before it stays.
if proof.held then
  proof.held = nil
  keep()
end
return 1
