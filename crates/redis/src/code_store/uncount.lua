-- Takes back a try at the code ARGV[2], whether it lives or was spent by another
-- try. ARGV[1]: challenge.
for _, name in ipairs({'live', 'spent'}) do
  if codes[name] and codes[name].id == ARGV[2] then
    uncount(codes[name], ARGV[1])
    keep()
  end
end
return 1
