-- Changes a task in one step, unless it has ended.
-- KEYS    1 task
-- ARGV    1 this node's channel, 2 how many requests it may have in its life, 3 how many bytes
--         requests and answers take at most, 4 time to live in ms or 0 to leave it as it is,
--         5 how much longer it is kept in ms, 6 how many rounds are kept, 7 how many bytes their
--         outcomes take at most, but for the last one, 8 number of the round that has ended or 0,
--         9 its outcome, 10 how many keys are settled, 11 whether there is a status message, '1' or
--         '0', 12 the message, 13 whether it is a task of a tool from now on, '1' or '0', 14 the
--         tool, then the keys that are settled, then the keys that are asked, each with its request
-- Returns {1, owner, status, revision, how long it is kept in ms if it is a task of a tool
--         and that is new, otherwise 0}, {0} no such task, {2, status} it has ended,
--         {3, key} that one was settled before, {4} there are too many requests, {5} there are
--         too many bytes
local task, channel = KEYS[1], ARGV[1]
local most, most_bytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local ttl, slack, kept = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local kept_bytes, round, settled = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[10])
local status = redis.call('HGET', task, 's')
if not status then
  return {0}
end
if status ~= 'working' and status ~= 'input_required' then
  return {2, status}
end
local asked = tonumber(redis.call('HGET', task, 'k') or 0)
local outstanding = tonumber(redis.call('HGET', task, 'n') or 0)
local bytes = tonumber(redis.call('HGET', task, 'b') or 0)
local freed = {}
for i = 15, 14 + settled do
  local request = redis.call('HSTRLEN', task, 'q:' .. ARGV[i])
  local answer = redis.call('HSTRLEN', task, 'a:' .. ARGV[i])
  if request + answer > 0 then
    freed[#freed + 1] = {ARGV[i], request}
    bytes = bytes - request - answer
  end
end
local new = {}
for i = 15 + settled, #ARGV, 2 do
  local key = ARGV[i]
  if redis.call('HSTRLEN', task, 'd:' .. key) > 0 then
    return {3, key}
  end
  if redis.call('HSTRLEN', task, 'q:' .. key) == 0 and redis.call('HSTRLEN', task, 'a:' .. key) == 0 then
    new[#new + 1] = 'q:' .. key
    new[#new + 1] = ARGV[i + 1]
    bytes = bytes + #ARGV[i + 1]
  end
end
if asked + #new / 2 > most then
  return {4}
end
if #new > 0 and bytes > most_bytes then
  return {5}
end
local changed = #new > 0
for first = 1, #new, 4000 do
  redis.call('HSET', task, unpack(new, first, math.min(first + 3999, #new)))
end
asked = asked + #new / 2
outstanding = outstanding + #new / 2
for _, entry in ipairs(freed) do
  local key, request = entry[1], entry[2]
  redis.call('HSET', task, 'd:' .. key, '1')
  redis.call('HDEL', task, 'q:' .. key, 'a:' .. key)
  if request > 0 then
    outstanding = outstanding - 1
    changed = true
  end
end
if #new + #freed > 0 then
  status = outstanding > 0 and 'input_required' or 'working'
  redis.call('HSET', task, 's', status, 'k', asked, 'n', outstanding, 'b', bytes)
end
if ARGV[11] == '1' and redis.call('HGET', task, 'm') ~= ARGV[12] then
  redis.call('HSET', task, 'm', ARGV[12])
  changed = true
end
if round > 0 and redis.call('HSTRLEN', task, 'z:' .. ARGV[8]) == 0 then
  redis.call('HSET', task, 'z:' .. ARGV[8], ARGV[9])
  redis.call('HDEL', task, 'z:' .. string.format('%d', round - kept))
  local size = #ARGV[9]
  for number = round - 1, round - kept + 1, -1 do
    local field = 'z:' .. string.format('%d', number)
    size = size + redis.call('HSTRLEN', task, field)
    if size > kept_bytes then
      redis.call('HDEL', task, field)
    end
  end
  changed = true
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ttl > tonumber(redis.call('HGET', task, 'l')) then
  redis.call('HSET', task, 'l', ARGV[4])
  redis.call('PEXPIRE', task, redis.call('HGET', task, 't') + ttl - now + slack)
  changed = true
end
local listed = 0
if ARGV[13] == '1' then
  redis.call('HSET', task, 'c', ARGV[14])
end
if (ARGV[13] == '1' or ttl > 0) and redis.call('HGET', task, 'c') then
  listed = redis.call('PTTL', task)
end
local owner = redis.call('HGET', task, 'o')
if not changed then
  return {1, owner, status, tonumber(redis.call('HGET', task, 'r')), listed}
end
redis.call('HSET', task, 'u', string.format('%d', now))
local revision = redis.call('HINCRBY', task, 'r', 1)
for node in string.gmatch(owner .. ' ' .. (redis.call('HGET', task, 'w') or ''), '%w+') do
  local to = string.sub(channel, 1, -12) .. node
  if to ~= channel then
    redis.call('PUBLISH', to, 't' .. task .. ' ' .. revision)
  end
end
return {1, owner, status, revision, listed}
