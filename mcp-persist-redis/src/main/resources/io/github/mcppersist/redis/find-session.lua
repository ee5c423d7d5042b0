-- Reads the record of a session.
-- KEYS    1 record, 2 tombstone of the session
-- Returns the fields of the record, each with its value, or nothing
local record, tombstone = KEYS[1], KEYS[2]
if redis.call('EXISTS', tombstone) == 1 then
  return {}
end
return redis.call('HGETALL', record)
