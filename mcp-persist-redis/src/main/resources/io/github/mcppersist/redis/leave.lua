-- Takes a node off those that live, and notes that it has left, even if it isn't there: its
-- beats may have been lost, or may still be on their way.
-- KEYS    1 nodes
-- ARGV    1 node, 2 time to live of all in ms
-- Returns {1}
local nodes, node, ttl = KEYS[1], ARGV[1], ARGV[2]
local newest = tonumber(redis.call('ZRANGE', nodes, -1, -1, 'WITHSCORES')[2] or 0)
local changed = tonumber(redis.call('ZRANGE', nodes, 0, 0, 'WITHSCORES')[2] or 0)
redis.call('ZREM', nodes, node, '+' .. node, '!' .. node)
if not redis.call('ZSCORE', nodes, '-' .. node) then
  redis.call('ZADD', nodes, -math.max(newest, -changed) - 1, '-' .. node)
  redis.call('PEXPIRE', nodes, ttl)
end
return {1}
