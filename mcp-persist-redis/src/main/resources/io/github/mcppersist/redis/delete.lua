-- Forbids a session for good, and says which of its streams are to be unlinked.
-- KEYS    1 tombstone of the session, 2 index of the session's streams
-- ARGV    1 time to live of the tombstone in ms, which is left as it is if it is longer,
--         2 how many stream IDs to return at most, then the IDs of streams that have been
--         unlinked
-- Returns stream IDs in the index
local tombstone, index, ttl = KEYS[1], KEYS[2], tonumber(ARGV[1])
-- After a write that frees memory SET is allowed, even when Redis is out of memory: this
-- call is one that makes room.
ttl = math.max(ttl, redis.call('PTTL', tombstone))
redis.call('DEL', tombstone)
redis.call('SET', tombstone, '1', 'PX', ttl)
if #ARGV > 2 then
  redis.call('ZREM', index, unpack(ARGV, 3))
end
return redis.call('ZRANGE', index, 0, ARGV[2] - 1)
