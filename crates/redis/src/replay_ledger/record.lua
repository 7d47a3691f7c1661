-- Records what became of the proof, and ends the claim. ARGV: fresh, kept,
-- 'open', 'done' or 'dead', record.
if proof.dead then
  -- What is spent stays spent: whoever asked was told so.
  return 1
end
local forgotten = proof.forgotten or now + tonumber(ARGV[3])
local spent = proof.spent or math.min(now + tonumber(ARGV[2]), forgotten)
if ARGV[4] == 'dead' then
  proof = {dead = true, forgotten = forgotten}
else
  proof = {record = ARGV[5], open = ARGV[4] == 'open', spent = spent, forgotten = forgotten}
end
keep()
return 1
