-- Removes a session from the subscribers of some URIs, and the URIs that then have none.
-- KEYS    1 URIs by the number under which each came, 2 URIs by expiry, then the
--         subscribers of each URI
-- ARGV    1 session name, then the URIs
-- Returns {1}
local numbers, expiries, session_id = KEYS[1], KEYS[2], ARGV[1]
for i = 3, #KEYS do
  redis.call('ZREM', KEYS[i], session_id)
  if redis.call('EXISTS', KEYS[i]) == 0 then
    redis.call('ZREM', expiries, ARGV[i - 1])
    redis.call('ZREM', numbers, ARGV[i - 1])
  end
end
return {1}
