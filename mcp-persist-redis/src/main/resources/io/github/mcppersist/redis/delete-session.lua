-- Forbids a session for good, and removes its record and its clients' answers.
-- KEYS    1 tombstone, 2 record, 3 answers of the session
-- ARGV    1 time to live of the tombstone in ms, which is left as it is if it is longer
-- Returns the URIs that the session had subscribed to
local tombstone, record, answers, ttl = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[1])
local uris = {}
for _, field in ipairs(redis.call('HKEYS', record)) do
  if string.sub(field, 1, 2) == 's:' then
    uris[#uris + 1] = string.sub(field, 3)
  end
end
-- After a write that frees memory SET is allowed, even when Redis is out of memory.
ttl = math.max(ttl, redis.call('PTTL', tombstone))
redis.call('DEL', tombstone, record, answers)
redis.call('SET', tombstone, '1', 'PX', ttl)
return uris
