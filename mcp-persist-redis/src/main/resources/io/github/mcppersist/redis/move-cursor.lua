-- Notes how far the standalone stream of a session was sent.
-- KEYS    1 record of the session
-- ARGV    1 event ID
-- Returns {1}, {0} no such session
local record, cursor = KEYS[1], ARGV[1]
if redis.call('EXISTS', record) == 0 then
  return {0}
end
redis.call('HSET', record, 'c', cursor)
return {1}
