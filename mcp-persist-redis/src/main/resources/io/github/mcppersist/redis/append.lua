-- Appends events to a running stream, if it is where its writer left it.
-- KEYS    1 stream
-- ARGV    1 sequence of the first event, 2 time to live in ms, or 0 to leave it as it is,
--         3 size of the largest element (9 digits), or nothing if it hasn't grown, 4 this
--         node's channel, then the events
-- Returns {1, length of the list}, {0} no such stream,
--         {2, next sequence, 1 if complete, base} the stream isn't there
local stream = KEYS[1]
local added = #ARGV - 4
-- Push first, and take it back if it was wrong: it saves a call, and a PEXPIRE before it
-- would let the push slip past maxmemory.
local length
if added == 1 then
  length = redis.call('RPUSHX', stream, ARGV[5])
else
  for first = 5, #ARGV, 4000 do
    length = redis.call('RPUSHX', stream, unpack(ARGV, first, math.min(first + 3999, #ARGV)))
  end
end
if length == 0 then
  return {0}
end
local header = redis.call('LINDEX', stream, 0)
local base = tonumber(string.sub(header, 3, 17))
if base + length - added ~= tonumber(ARGV[1]) or string.byte(header, 2) ~= 114 then
  redis.call('LTRIM', stream, 0, -(added + 1))
  return {2, base + length - added, string.byte(header, 2) == 114 and 0 or 1, base}
end
local largest = string.sub(header, 40, 48)
if ARGV[3] ~= '' and largest < ARGV[3] then
  largest = ARGV[3]
  redis.call('LSET', stream, 0, string.sub(header, 1, 39) .. largest .. string.sub(header, 49))
end
if ARGV[2] ~= '0' then
  redis.call('PEXPIRE', stream, ARGV[2])
end
if string.byte(header, 29) ~= 45 then
  local channel = string.sub(ARGV[4], 1, -12) .. string.sub(header, 29, 39)
  if channel ~= ARGV[4] then
    redis.call('PUBLISH', channel, string.format('h%s %.0f %.0f %s', stream, base + length - 1, base, largest))
  end
end
return {1, length}
