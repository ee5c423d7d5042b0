-- Reads a page of the sessions or the tasks that are stored, in the order in which they will expire.
-- KEYS    1 index of sessions, or of tasks
-- ARGV    1 how many at most, then, to go on from there, 2 expiry and 3 name of one
-- Returns each name, followed by its expiry; the one that expires last at the end
local index, most, expiry, name = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- As Redis orders members: Lua's own comparison depends on the locale of the server
local function precedes(one, other)
  for i = 1, math.min(#one, #other) do
    local a, b = string.byte(one, i), string.byte(other, i)
    if a ~= b then
      return a < b
    end
  end
  return #one < #other
end

-- Places are counted from the end. The one that is named itself may be there no more, and a
-- thousand may have its expiry.
local from = 0
if expiry then
  from = redis.call('ZCOUNT', index, '(' .. expiry, '+inf')
  local to = from + redis.call('ZCOUNT', index, expiry, expiry)
  while from < to do
    local middle = math.floor((from + to) / 2)
    if precedes(redis.call('ZRANGE', index, -middle - 1, -middle - 1)[1], name) then
      to = middle
    else
      from = middle + 1
    end
  end
end
local to = math.min(from + most, redis.call('ZCOUNT', index, '(' .. now, '+inf'))
if from >= to then
  return {}
end
return redis.call('ZRANGE', index, -to, -from - 1, 'WITHSCORES')
