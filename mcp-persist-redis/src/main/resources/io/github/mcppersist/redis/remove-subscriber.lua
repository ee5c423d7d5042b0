-- Removes a session from the subscribers of some URIs, and the URIs that then have none.
-- KEYS    1 index of URIs, then the subscribers of each URI
-- ARGV    1 session ID, then the URIs
-- Returns {1}
local index, session_id = KEYS[1], ARGV[1]
for i = 2, #KEYS do
  redis.call('ZREM', KEYS[i], session_id)
  if redis.call('EXISTS', KEYS[i]) == 0 then
    redis.call('ZREM', index, ARGV[i])
  end
end
return {1}
