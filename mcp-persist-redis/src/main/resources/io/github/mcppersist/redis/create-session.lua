-- Stores the record of a session, unless there is one.
-- KEYS    1 record, 2 tombstone of the session
-- ARGV    1 time to live in ms, 2 node that stores it, then the fields of the record, each with its value
-- Returns {-1} the session was deleted, otherwise the URIs that the record has subscribed to
local record, tombstone, ttl, node = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
if redis.call('EXISTS', tombstone) == 1 then
  return {-1}
end
if redis.call('EXISTS', record) == 0 then
  for first = 3, #ARGV, 4000 do
    redis.call('HSET', record, unpack(ARGV, first, math.min(first + 3999, #ARGV)))
  end
  local time = redis.call('TIME')
  redis.call('HSET', record, 't', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000)), 'w', node)
  redis.call('PEXPIRE', record, ttl)
end
local uris = {}
for _, field in ipairs(redis.call('HKEYS', record)) do
  if string.sub(field, 1, 2) == 's:' then
    uris[#uris + 1] = string.sub(field, 3)
  end
end
return uris
