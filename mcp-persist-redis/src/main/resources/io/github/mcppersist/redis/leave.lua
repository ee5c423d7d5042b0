-- Takes back the signs of life of a node.
-- KEYS    1 beats
-- ARGV    1 node
-- Returns {1}
local beats, node = KEYS[1], ARGV[1]
redis.call('HDEL', beats, node)
return {1}
