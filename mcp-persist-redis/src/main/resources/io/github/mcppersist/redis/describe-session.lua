-- Reads what is known of a session beside its subscriptions.
-- KEYS    1 record, 2 tombstone of the session
-- ARGV    fields of the record
-- Returns {time to live in ms, age in ms or -1, node or '', then those fields that there are, each with its value},
--         {} no such session
local record, tombstone = KEYS[1], KEYS[2]
if redis.call('EXISTS', tombstone) == 1 or redis.call('EXISTS', record) == 0 then
  return {}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local since = redis.call('HGET', record, 't')
local reply = {redis.call('PTTL', record), since and now - since or -1, redis.call('HGET', record, 'w') or ''}
for _, field in ipairs(ARGV) do
  local value = redis.call('HGET', record, field)
  if value then
    reply[#reply + 1] = field
    reply[#reply + 1] = value
  end
end
return reply
