-- Reads the answers to some requests.
-- KEYS    1 answers of the session
-- ARGV    the request IDs
-- Returns those of the request IDs that there are answers to, each with its answer
local answers = KEYS[1]
local found = {}
for _, request_id in ipairs(ARGV) do
  local answer = redis.call('HGET', answers, request_id)
  if answer then
    found[#found + 1] = request_id
    found[#found + 1] = answer
  end
end
return found
