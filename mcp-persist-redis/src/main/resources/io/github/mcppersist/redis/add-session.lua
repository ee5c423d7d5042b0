-- Adds a session to those that are stored, or keeps it there for longer.
-- KEYS    1 index of sessions
-- ARGV    1 time to live in ms, 2 how many there may be, 3 session name
-- Returns {1} it is new, {0} it was there, {-1} there are too many
local index, ttl, most, session_id = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not redis.call('ZSCORE', index, session_id) and redis.call('ZCOUNT', index, '(' .. now, '+inf') >= most then
  return {-1}
end
-- First what maxmemory refuses
local added = redis.call('ZADD', index, now + ttl, session_id)
redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
redis.call('PEXPIRE', index, ttl)
return {added}
