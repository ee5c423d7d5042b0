-- Notes that a node watches a task, or doesn't any more.
-- KEYS    1 task
-- ARGV    1 node, 2 '1' it watches, '0' it doesn't, 3 how many nodes are noted at most
-- Returns {1, revision}, {0} no such task
local task, node, watches, most = KEYS[1], ARGV[1], ARGV[2] == '1', tonumber(ARGV[3])
local revision = redis.call('HGET', task, 'r')
if not revision then
  return {0}
end
local before = redis.call('HGET', task, 'w') or ''
local after = string.gsub(before, node .. ' ', '')
if watches and redis.call('HGET', task, 'o') ~= node then
  -- The newest at the end: those that have gone are in front
  after = string.sub(after .. node .. ' ', -12 * most)
end
if after == '' then
  redis.call('HDEL', task, 'w')
elseif after ~= before then
  redis.call('HSET', task, 'w', after)
end
return {1, tonumber(revision)}
