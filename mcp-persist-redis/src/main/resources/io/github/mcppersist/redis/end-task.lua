-- Ends a task, unless it has ended. Of two who end it at once, one does.
-- KEYS    1 task
-- ARGV    1 this node's channel, 2 time in ms for which it is kept at least, 3 how much longer it
--         is kept in ms, 4 tag of this call, 5 status, 6 whether there is a status message, '1'
--         or '0', 7 the message, 8 whether it is also ended when Redis is out of memory, '1' or
--         '0', 9 how many bytes the outcomes of its rounds take at most, 10 outcome, or nothing
-- Returns {1, revision} ended, by this call or by the same one before, {0} no such task,
--         {2} somebody else has ended it
local task, channel, least, slack, tag = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local status = redis.call('HGET', task, 's')
if not status then
  return {0}
end
if status ~= 'working' and status ~= 'input_required' then
  return redis.call('HGET', task, 'e') == tag and {1, tonumber(redis.call('HGET', task, 'r'))} or {2}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('PTTL', task)
if ARGV[8] == '1' then
  -- Before writes that are refused when Redis is out of memory, which they then aren't
  redis.call('PEXPIRE', task, math.max(kept, least + slack))
end
-- First what maxmemory refuses
redis.call('HSET', task, 's', ARGV[5], 'e', tag, 'u', string.format('%d', now))
if ARGV[10] then
  redis.call('HSET', task, 'x', ARGV[10])
end
if ARGV[6] == '1' then
  redis.call('HSET', task, 'm', ARGV[7])
else
  redis.call('HDEL', task, 'm')
end
local rounds = {}
for _, field in ipairs(redis.call('HKEYS', task)) do
  if string.find(field, '^[qad]:') then
    redis.call('HDEL', task, field)
  elseif string.find(field, '^z:') then
    rounds[#rounds + 1] = tonumber(string.sub(field, 3))
  end
end
redis.call('HDEL', task, 'k', 'n', 'b')
table.sort(rounds, function(one, other) return one > other end)
local size = 0
for _, number in ipairs(rounds) do
  local field = 'z:' .. string.format('%d', number)
  size = size + redis.call('HSTRLEN', task, field)
  if size > tonumber(ARGV[9]) then
    redis.call('HDEL', task, field)
  end
end
if kept - slack < least then
  local ttl = math.max(redis.call('HGET', task, 'l'), now + least - redis.call('HGET', task, 't'))
  redis.call('HSET', task, 'l', string.format('%d', ttl))
  redis.call('PEXPIRE', task, least + slack)
end
local revision = redis.call('HINCRBY', task, 'r', 1)
for node in string.gmatch(redis.call('HGET', task, 'o') .. ' ' .. (redis.call('HGET', task, 'w') or ''), '%w+') do
  local to = string.sub(channel, 1, -12) .. node
  if to ~= channel then
    redis.call('PUBLISH', to, 't' .. task .. ' ' .. revision)
  end
end
return {1, revision}
