-- Says what there is of a stream besides its events, at one moment: a header that says
-- that the stream runs, beside a length that counts the response, would keep a reader
-- waiting for ever.
-- KEYS    1 stream, 2 tombstone of the session
-- Returns {header, length of the list, how long it is kept in ms}, {} no such stream, or
--         the session was deleted
local stream, tombstone = KEYS[1], KEYS[2]
local header = redis.call('LINDEX', stream, 0)
if not header or redis.call('EXISTS', tombstone) == 1 then
  return {}
end
return {header, redis.call('LLEN', stream), redis.call('PTTL', stream)}
