-- Drops all codes of the scope.
codes = {}
keep()
return 1
