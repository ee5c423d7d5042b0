-- Gives a sign of life of a node, and reads those of all.
-- KEYS    1 beats
-- ARGV    1 node, 2 a value that it didn't have before, 3 time to live of all in ms, then
--         nodes that are silent, each with its last value: those that still have it are
--         given up, which is the value '-', and those that were given up long ago are
--         removed
-- Returns all nodes, each with its value
local beats, node, value, ttl = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
redis.call('HSET', beats, node, value)
redis.call('PEXPIRE', beats, ttl)
for i = 4, #ARGV, 2 do
  if redis.call('HGET', beats, ARGV[i]) == ARGV[i + 1] then
    if ARGV[i + 1] == '-' then
      redis.call('HDEL', beats, ARGV[i])
    else
      redis.call('HSET', beats, ARGV[i], '-')
    end
  end
end
return redis.call('HGETALL', beats)
