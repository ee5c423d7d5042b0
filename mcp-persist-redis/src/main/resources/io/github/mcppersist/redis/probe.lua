-- Does once what all scripts do together, so that a missing right or a server that takes
-- no writes is found out before it costs anybody an event. Leaves nothing behind, even if
-- it fails half-way.
-- KEYS    1 a key that nothing else uses
-- ARGV    1 a channel, or nothing to publish nothing: on a Cluster that goes to all servers
-- Returns {1}
local key, channel = KEYS[1], ARGV[1]
-- An error names the command that has met it, which not every version's does
local call, latest = redis.call, nil
local redis = { call = function(command, ...)
  latest = command
  return call(command, ...)
end }
local done, failure = pcall(function()
  -- First what needs memory: once a script has written, a full Redis lets it go on. It
  -- takes a key of any type, and expires where DEL isn't allowed.
  redis.call('SET', key, 'a', 'PX', 1000)
  redis.call('DEL', key)
  redis.call('TIME')
  redis.call('RPUSH', key, 'a', 'b')
  redis.call('RPUSHX', key, 'c')
  redis.call('LSET', key, 0, 'd')
  redis.call('LTRIM', key, 0, 1)
  redis.call('LINDEX', key, 0)
  redis.call('LRANGE', key, 0, 0)
  redis.call('LLEN', key)
  redis.call('PEXPIRE', key, 1000)
  redis.call('PTTL', key)
  redis.call('EXISTS', key)
  redis.call('UNLINK', key)
  redis.call('HSET', key, 'a', '1')
  redis.call('HINCRBY', key, 'a', 1)
  redis.call('HGET', key, 'a')
  redis.call('HGETALL', key)
  redis.call('HKEYS', key)
  redis.call('HLEN', key)
  redis.call('HSTRLEN', key, 'a')
  redis.call('HDEL', key, 'a')
  redis.call('ZADD', key, 1, 'a')
  redis.call('ZCARD', key)
  redis.call('ZCOUNT', key, 0, 2)
  redis.call('ZRANGE', key, 0, 0)
  redis.call('ZRANGEBYSCORE', key, 0, 2)
  redis.call('ZSCORE', key, 'a')
  redis.call('ZREMRANGEBYSCORE', key, 3, 4)
  redis.call('ZREM', key, 'a')
  if channel then
    redis.call('PUBLISH', channel, 'e')
  end
end)
if not done then
  pcall(call, 'DEL', key)
  failure = failure .. ' (' .. latest .. ' in probe.lua)'
  if string.find(failure, '^%u+ ') then
    return { err = failure }
  end
  -- As Redis 6 has it, whose code is behind other words
  error(failure, 0)
end
redis.call('DEL', key)
return {1}
