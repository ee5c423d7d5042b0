-- Sets or removes a field of a session's record, and counts the change if it is one.
-- KEYS    1 record, 2 tombstone of the session
-- ARGV    1 time to live in ms, 2 field, 3 its value, or nothing to remove the field
-- Returns {1, revision}, {0} no such session
local record, tombstone = KEYS[1], KEYS[2]
local ttl, field, value = ARGV[1], ARGV[2], ARGV[3]
if redis.call('EXISTS', tombstone) == 1 or redis.call('EXISTS', record) == 0 then
  return {0}
end
-- The change comes before the expiry: the first write of a script is the one that
-- maxmemory refuses.
local changed
if value then
  changed = redis.call('HGET', record, field) ~= value
  if changed then
    redis.call('HSET', record, field, value)
  end
else
  changed = redis.call('HDEL', record, field) == 1
end
if changed then
  redis.call('HINCRBY', record, 'r', 1)
end
redis.call('PEXPIRE', record, ttl)
return {1, tonumber(redis.call('HGET', record, 'r'))}
