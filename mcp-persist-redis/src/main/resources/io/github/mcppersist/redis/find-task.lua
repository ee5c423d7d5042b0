-- Reads a task.
-- KEYS    1 task
-- ARGV    1 how many bytes it may have to be read at once, 2 '1' all of it, '0' without answers,
--         rounds and outcome
-- Returns its fields, each with its value, nothing if there is no such task, or {bytes} if it
--         has more than that
local task, most, all = KEYS[1], tonumber(ARGV[1]), ARGV[2] == '1'
-- What is large is counted without being read
local bytes = all and tonumber(redis.call('HGET', task, 'b') or 0) or 0
local fields = {}
for _, field in ipairs(redis.call('HKEYS', task)) do
  if field == 'x' or string.find(field, '^z:') then
    bytes = bytes + (all and redis.call('HSTRLEN', task, field) or 0)
  elseif not string.find(field, '^[ad]:') then
    fields[#fields + 1] = field
    if not all and string.find(field, '^q:') then
      bytes = bytes + redis.call('HSTRLEN', task, field)
    end
  end
end
if bytes > most then
  return {bytes}
end
if all then
  return redis.call('HGETALL', task)
end
local found = {}
for _, field in ipairs(fields) do
  found[#found + 1] = field
  found[#found + 1] = redis.call('HGET', task, field)
end
return found
