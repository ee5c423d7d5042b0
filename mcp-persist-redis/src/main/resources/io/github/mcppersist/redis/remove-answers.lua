-- Removes the answers to some requests.
-- KEYS    1 answers of the session
-- ARGV    the request IDs
-- Returns {how many were removed}
local answers = KEYS[1]
local removed = 0
for _, request_id in ipairs(ARGV) do
  removed = removed + redis.call('HDEL', answers, request_id)
end
return {removed}
