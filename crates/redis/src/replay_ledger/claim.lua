-- Claims the proof for ARGV[2]: {'granted', 0, record or ''}; {'recorded', 0,
-- record}; {'spent', 0, ''}; or {'held', for how long, ''}.
if proof.held then
  return {'held', proof.held - now, ''}
elseif proof.dead then
  return {'spent', 0, ''}
elseif proof.record and not proof.open then
  return {'recorded', 0, proof.record}
end
proof.held = now + tonumber(ARGV[2])
if proof.record then
  proof.held = math.min(proof.held, proof.spent)
end
keep()
return {'granted', 0, proof.record or ''}
