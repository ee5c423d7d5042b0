-- Keeps sessions for longer among those that are stored, or takes them off.
-- KEYS    1 index of sessions
-- ARGV    1 time to live in ms, or 0 to take them off, then up to a thousand session names
-- Returns those that were to be kept and aren't there
local index, ttl = KEYS[1], tonumber(ARGV[1])
if ttl == 0 then
  redis.call('ZREM', index, unpack(ARGV, 2))
  return {}
end
local time = redis.call('TIME')
local until_at = time[1] * 1000 + math.floor(time[2] / 1000) + ttl
local missing = {}
-- First a write that is allowed even when Redis is out of memory, as the others then are, too
redis.call('PEXPIRE', index, ttl)
for i = 2, #ARGV do
  if redis.call('ZSCORE', index, ARGV[i]) then
    redis.call('ZADD', index, until_at, ARGV[i])
  else
    missing[#missing + 1] = ARGV[i]
  end
end
return missing
