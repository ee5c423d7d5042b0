-- Notes how far the standalone stream of a session was sent. It moves forward only, but for
-- an event that the stream has lost.
-- KEYS    1 record of the session
-- ARGV    1 event ID, 2 event ID of what the stream has lost, or nothing
-- Returns {1}, {0} no such session
local record, cursor, gone = KEYS[1], ARGV[1], ARGV[2]
if redis.call('EXISTS', record) == 0 then
  return {0}
end
local noted = redis.call('HGET', record, 'c')
if not noted or noted == gone or tonumber(string.match(cursor, '_(%d+)_')) > tonumber(string.match(noted, '_(%d+)_')) then
  redis.call('HSET', record, 'c', cursor)
end
return {1}
