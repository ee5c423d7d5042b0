-- Adds a session to the subscribers of some URIs, or keeps it there for longer.
-- KEYS    1 index of URIs, then the subscribers of each URI
-- ARGV    1 time to live in ms, 2 session ID, then the URIs
-- Returns {1}
local index, ttl, session_id = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 2, #KEYS do
  redis.call('ZADD', KEYS[i], now + ttl, session_id)
  redis.call('ZADD', index, now + ttl, ARGV[i + 1])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  redis.call('PEXPIRE', KEYS[i], ttl)
end
redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
redis.call('PEXPIRE', index, ttl)
return {1}
