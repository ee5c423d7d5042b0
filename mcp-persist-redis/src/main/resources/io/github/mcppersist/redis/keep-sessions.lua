-- Keeps sessions for longer among those that are stored, or takes them off.
-- KEYS    1 index of sessions
-- ARGV    1 time to live in ms, or 0 to take them off, then up to a thousand session IDs
-- Returns {1}
local index, ttl = KEYS[1], tonumber(ARGV[1])
if ttl == 0 then
  redis.call('ZREM', index, unpack(ARGV, 2))
  return {1}
end
local time = redis.call('TIME')
local until_at = time[1] * 1000 + math.floor(time[2] / 1000) + ttl
-- First a write that is allowed even when Redis is out of memory, as the others then are, too
if redis.call('PEXPIRE', index, ttl) == 1 then
  for i = 2, #ARGV do
    redis.call('ZADD', index, 'XX', until_at, ARGV[i])
  end
end
return {1}
