-- Reads a task.
-- KEYS    1 task
-- ARGV    1 how many bytes it may have to be read at once
-- Returns its fields, each with its value, nothing if there is no such task, or {bytes} if it
--         has more than that
local fields = redis.call('HGETALL', KEYS[1])
local bytes = 0
for _, text in ipairs(fields) do
  bytes = bytes + #text
end
if bytes > tonumber(ARGV[1]) then
  return {bytes}
end
return fields
