-- Keeps a client's answers to requests of a task that are outstanding.
-- KEYS    1 task
-- ARGV    1 this node's channel, 2 how many bytes requests and answers take at most, then the
--         keys of requests, each with its answer
-- Returns {1, owner, status, revision}, {0} no such task, {5} there are too many bytes
--         until its owner has settled answers, {6} there are too many bytes without these, too
local task, channel, most_bytes = KEYS[1], ARGV[1], tonumber(ARGV[2])
local status = redis.call('HGET', task, 's')
if not status then
  return {0}
end
local owner = redis.call('HGET', task, 'o')
local outstanding = tonumber(redis.call('HGET', task, 'n') or 0)
local before = tonumber(redis.call('HGET', task, 'b') or 0)
local bytes = before
local taken = {}
if status == 'input_required' then
  for i = 3, #ARGV, 2 do
    local request = redis.call('HSTRLEN', task, 'q:' .. ARGV[i])
    if request > 0 then
      taken[#taken + 1] = i
      bytes = bytes - request + #ARGV[i + 1]
    end
  end
end
if #taken == 0 then
  return {1, owner, status, tonumber(redis.call('HGET', task, 'r'))}
end
if bytes > most_bytes and bytes > before then
  for _, field in ipairs(redis.call('HKEYS', task)) do
    if string.sub(field, 1, 2) == 'a:' then
      bytes = bytes - redis.call('HSTRLEN', task, field)
    end
  end
  return {bytes > most_bytes and 6 or 5}
end
for _, i in ipairs(taken) do
  redis.call('HSET', task, 'a:' .. ARGV[i], ARGV[i + 1])
  redis.call('HDEL', task, 'q:' .. ARGV[i])
end
outstanding = outstanding - #taken
status = outstanding > 0 and 'input_required' or 'working'
local time = redis.call('TIME')
redis.call('HSET', task, 's', status, 'n', outstanding, 'b', bytes, 'u',
  string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000)))
local revision = redis.call('HINCRBY', task, 'r', 1)
for node in string.gmatch(owner .. ' ' .. (redis.call('HGET', task, 'w') or ''), '%w+') do
  local to = string.sub(channel, 1, -12) .. node
  if to ~= channel then
    redis.call('PUBLISH', to, 't' .. task .. ' ' .. revision)
  end
end
return {1, owner, status, revision}
