-- Puts off the expiry of a session.
-- KEYS    1 record of the session
-- ARGV    1 time to live in ms, 2 node that uses it
-- Returns the URIs that the session has subscribed to
local record, ttl, node = KEYS[1], ARGV[1], ARGV[2]
local uris = {}
if redis.call('PEXPIRE', record, ttl) == 1 then
  -- Behind a write that is allowed even when Redis is out of memory, as it then is, too
  redis.call('HSET', record, 'w', node)
  for _, field in ipairs(redis.call('HKEYS', record)) do
    if string.sub(field, 1, 2) == 's:' then
      uris[#uris + 1] = string.sub(field, 3)
    end
  end
end
return uris
