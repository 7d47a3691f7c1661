-- How long until every window has a place.
local _, wait = longest_wait()
return wait
