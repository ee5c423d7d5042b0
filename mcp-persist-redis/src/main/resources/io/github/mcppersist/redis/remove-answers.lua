-- Removes the answers to some requests.
-- KEYS    1 answers of the session
-- ARGV    the request IDs
-- Returns {how many were removed}
local answers = KEYS[1]
local removed = 0
local bytes = 0
for _, request_id in ipairs(ARGV) do
  bytes = bytes + redis.call('HSTRLEN', answers, request_id)
  removed = removed + redis.call('HDEL', answers, request_id)
end
if removed > 0 then
  if redis.call('HLEN', answers) == 1 then
    redis.call('DEL', answers)
  else
    redis.call('HINCRBY', answers, '#', -bytes)
  end
end
return {removed}
