-- Gives a sign of life of a node, gives up nodes that gave none for too long, and tells
-- which nodes have come or gone.
--
-- A node that lives is in the set with the number of its last beat. The beats of all nodes
-- are counted together, so that a number says which beats came later, and no clock takes
-- part. What happened to a node last is in the set as well, for a while, with the negative
-- number of when it did: '+' and the node when it came, '-' left, '!' was given up.
--
-- A node that has left doesn't come back: a beat of it that was under way, or is sent again,
-- changes nothing.
--
-- KEYS    1 nodes
-- ARGV    1 node, 2 its last beat as it knows it, or 0, 3 time to live of all in ms,
--         4 nodes whose last beat is before this one are given up, 5 for how many beats of
--         each node changes are kept, 6 how many are kept, then nodes to look up
-- Returns {beat, or its last one if it has left, 1 if the last one is there as the node knows
--         it and otherwise 0, for each node to look up 1 if it lives and otherwise 0, then
--         the changes since the last beat, or all if that isn't there, the newest first,
--         each with its number}
local nodes, node, last, ttl = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local given_up_before, kept_beats, kept = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local mine = tonumber(redis.call('ZSCORE', nodes, node) or 0)

local function reply_of(number, continues)
  local reply = {number, continues and 1 or 0}
  for i = 7, #ARGV do
    reply[#reply + 1] = redis.call('ZSCORE', nodes, ARGV[i]) and 1 or 0
  end
  return reply
end

local left = mine == 0 and redis.call('ZSCORE', nodes, '-' .. node)
if left then
  -- As it is, but refused where new data is refused: a beat shows that it is not
  redis.call('ZADD', nodes, left, '-' .. node)
  return reply_of(last, false)
end
local newest = tonumber(redis.call('ZRANGE', nodes, -1, -1, 'WITHSCORES')[2] or 0)
local changed = tonumber(redis.call('ZRANGE', nodes, 0, 0, 'WITHSCORES')[2] or 0)
local continues = mine ~= 0 and mine == last
local silent = {}
if continues and given_up_before > 0 then
  silent = redis.call('ZRANGEBYSCORE', nodes, '(0', '(' .. given_up_before, 'LIMIT', 0, 100)
end
local change = math.max(newest, -changed, last)
local beat = change + #silent + (mine == 0 and 2 or 1)
-- First what maxmemory refuses
redis.call('ZADD', nodes, beat, node)
redis.call('PEXPIRE', nodes, ttl)
if mine == 0 then
  change = change + 1
  redis.call('ZREM', nodes, '!' .. node)
  redis.call('ZADD', nodes, -change, '+' .. node)
end
for _, other in ipairs(silent) do
  change = change + 1
  redis.call('ZREM', nodes, other, '+' .. other)
  redis.call('ZADD', nodes, -change, '!' .. other)
end
-- Mostly nothing has changed for long, and then there is nothing below 0
local changes = {}
if changed < 0 or mine == 0 or #silent > 0 then
  -- What would be too much at once is lost. Whoever hasn't read it yet gets as many changes
  -- as are kept, and so learns that there were more.
  local surplus = tonumber(redis.call('ZRANGE', nodes, kept, kept, 'WITHSCORES')[2] or 0)
  if surplus < 0 then
    redis.call('ZREMRANGEBYSCORE', nodes, surplus, '(0')
  end
  local since = '(' .. (continues and -last or 0)
  changes = redis.call('ZRANGEBYSCORE', nodes, '-inf', since, 'WITHSCORES')
  -- What all know is removed after a while. This node counts as one that knows only now.
  local oldest = redis.call('ZRANGEBYSCORE', nodes, '(0', '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2]
  local known = math.min(tonumber(oldest), beat - kept_beats * redis.call('ZCOUNT', nodes, '(0', '+inf'))
  if known > 0 then
    redis.call('ZREMRANGEBYSCORE', nodes, -known, '(0')
  end
end
local reply = reply_of(beat, continues)
for _, text in ipairs(changes) do
  reply[#reply + 1] = text
end
return reply
