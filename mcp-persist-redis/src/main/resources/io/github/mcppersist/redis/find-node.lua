-- Reads the last sign of life of one node.
-- KEYS    1 beats
-- ARGV    1 node
-- Returns {its value}, {} there is no such node
local value = redis.call('HGET', KEYS[1], ARGV[1])
return value and {value} or {}
