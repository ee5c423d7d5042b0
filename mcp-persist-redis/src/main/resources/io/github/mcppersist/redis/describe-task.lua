-- Reads what is known of a task of a tool but for what client and tool tell each other.
-- KEYS    1 task
-- ARGV    fields of the task
-- Returns {the time in ms, then those fields that there are, each with its value}, {} no such
--         task, or it is of no tool
local task = KEYS[1]
if not redis.call('HGET', task, 'c') then
  return {}
end
local time = redis.call('TIME')
local reply = {time[1] * 1000 + math.floor(time[2] / 1000)}
for _, field in ipairs(ARGV) do
  local value = redis.call('HGET', task, field)
  if value then
    reply[#reply + 1] = field
    reply[#reply + 1] = value
  end
end
return reply
