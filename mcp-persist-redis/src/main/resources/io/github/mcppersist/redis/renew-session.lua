-- Puts off the expiry of a session.
-- KEYS    1 record of the session
-- ARGV    1 time to live in ms, 2 node that uses it
-- Returns {0} no such session, {1, the URIs that it has subscribed to}
local record, ttl, node = KEYS[1], ARGV[1], ARGV[2]
if redis.call('PEXPIRE', record, ttl) == 0 then
  return {0}
end
-- Behind a write that is allowed even when Redis is out of memory, as it then is, too
redis.call('HSET', record, 'w', node)
local reply = {1}
for _, field in ipairs(redis.call('HKEYS', record)) do
  if string.sub(field, 1, 2) == 's:' then
    reply[#reply + 1] = string.sub(field, 3)
  end
end
return reply
