-- {sealed token, how long it is fresh, how long it lives}, or {'', 0, 0}.
if not token then
  return {'', 0, 0}
end
return {token.sealed, math.max(token.fresh - now, 0), token.expires - now}
