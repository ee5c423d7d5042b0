-- Creates a task, unless there is one.
-- KEYS    1 task
-- ARGV    1 time to live in ms, 2 how much longer it is kept in ms, 3 tag of this call, then the
--         fields of the task, each with its value
-- Returns {1, when it was created in ms} created, by this call or by the same one before,
--         {0} there is another one
local task, ttl, slack, tag = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local creator = redis.call('HGET', task, 'e')
if creator then
  return creator == tag and {1, tonumber(redis.call('HGET', task, 't'))} or {0}
end
local time = redis.call('TIME')
local now = string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', task, 'e', tag, 't', now, 'u', now, 'r', '1', unpack(ARGV, 4, math.min(3999, #ARGV)))
for first = 4000, #ARGV, 4000 do
  redis.call('HSET', task, unpack(ARGV, first, math.min(first + 3999, #ARGV)))
end
redis.call('PEXPIRE', task, ttl + slack)
return {1, tonumber(now)}
