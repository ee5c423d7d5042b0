-- Says whether a node lives, as far as its signs of life tell.
-- KEYS    1 nodes
-- ARGV    1 node
-- Returns {1} it does, otherwise {0}
return {redis.call('ZSCORE', KEYS[1], ARGV[1]) and 1 or 0}
