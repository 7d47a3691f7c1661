-- Runs the Lua of Kong's configuration with a stand-in for Kong: what it does with every
-- answer of Menshen, and with none.

local chunk = assert(loadfile(arg[1]))

local function run(answer)
  local seen = { set = {}, cleared = {} }
  kong = {
    request = {
      get_header = function(name)
        return ({ ["Authorization"] = "Bearer token", ["X-User-Id"] = "somebody-else" })[name]
      end,
    },
    service = {
      request = {
        clear_header = function(name) seen.cleared[name] = true end,
        set_header = function(name, value)
          assert(seen.cleared[name], name .. " is set before it is cleared")
          seen.set[name] = assert(value)
        end,
      },
    },
    response = {
      exit = function(status, body, headers) seen.status, seen.body, seen.headers = status, body, headers or {} end,
    },
  }
  package.loaded["resty.http"] = {
    new = function()
      return {
        set_timeout = function(_, wait) seen.wait = wait end,
        request_uri = function(_, url, options)
          assert(url:match("/v1/auth/verify$"), url)
          assert(options.headers["Authorization"] == "Bearer token")
          return answer, "no answer"
        end,
      }
    end,
  }
  chunk()
  assert(seen.wait and seen.wait <= 5000, "it waits for ever")
  return seen
end

local names = { "X-User-Id", "X-Session-Id", "X-Client-Type" }
local good = run({ status = 200, headers = { [names[1]] = "a", [names[2]] = "b", [names[3]] = "c" } })
assert(not good.status, "whoever is signed in gets through")
assert(good.set[names[1]] == "a" and good.set[names[2]] == "b" and good.set[names[3]] == "c")

for _, status in ipairs({ 401, 403 }) do
  local refused = run({ status = status, body = "{}", headers = { ["WWW-Authenticate"] = "Bearer" } })
  assert(refused.status == status and refused.body == "{}" and refused.headers["WWW-Authenticate"] == "Bearer")
  assert(not next(refused.set), "nobody is named")
end

for _, status in ipairs({ 0, 302, 404, 429, 500, 503 }) do
  assert(run(status > 0 and { status = status, headers = {} } or nil).status == 503)
end
