-- Puts off the expiry of a task that runs.
-- KEYS    1 task
-- ARGV    1 time in ms for which it is kept at least, 2 how much longer it is kept in ms
-- Returns {1} it is kept for as long, {2} as well, and it is a task of a tool, {0} it isn't there,
--         or has ended
local task, least, slack = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local status = redis.call('HGET', task, 's')
if status ~= 'working' and status ~= 'input_required' then
  return {0}
end
if redis.call('PTTL', task) - slack < least then
  -- Before a write that is refused when Redis is out of memory, which it then isn't
  redis.call('PEXPIRE', task, least + slack)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local ttl = math.max(redis.call('HGET', task, 'l'), now + least - redis.call('HGET', task, 't'))
  redis.call('HSET', task, 'l', string.format('%d', ttl))
end
return {redis.call('HGET', task, 'c') and 2 or 1}
