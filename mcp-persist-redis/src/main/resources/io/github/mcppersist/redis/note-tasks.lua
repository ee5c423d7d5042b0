-- Adds tasks to those that are listed, or keeps them there for longer.
-- KEYS    1 index of tasks
-- ARGV    1 time to live in ms, 2 how many there may be, then up to a thousand names of tasks
-- Returns {1}
local index, ttl, most = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- First what maxmemory refuses
for i = 3, #ARGV do
  redis.call('ZADD', index, 'GT', now + ttl, ARGV[i])
end
redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
local excess = redis.call('ZCARD', index) - most
if excess > 0 then
  redis.call('ZREM', index, unpack(redis.call('ZRANGE', index, 0, math.min(excess, 1000) - 1)))
end
if redis.call('PTTL', index) < ttl then
  redis.call('PEXPIRE', index, ttl)
end
return {1}
