-- Appends the last events to a running stream and completes it, if it is where its
-- writer left it. Of two who complete it at once, one wins.
-- KEYS    1 stream
-- ARGV    1 sequence of the first event, 2 time to live of the complete stream in ms,
--         3 size of the largest element (9 digits), or nothing if it hasn't grown, 4 this
--         node's channel, then the events
-- Returns {1, length of the list}, {0} no such stream,
--         {2, next sequence, 1 if complete, base} the stream isn't there
local stream = KEYS[1]
local header = redis.call('LINDEX', stream, 0)
if not header then
  return {0}
end
local length = redis.call('LLEN', stream)
local base = tonumber(string.sub(header, 3, 17))
if base + length ~= tonumber(ARGV[1]) or string.byte(header, 2) ~= 114 then
  return {2, base + length, string.byte(header, 2) == 114 and 0 or 1, base}
end
for first = 5, #ARGV, 4000 do
  length = redis.call('RPUSHX', stream, unpack(ARGV, first, math.min(first + 3999, #ARGV)))
end
local largest = string.sub(header, 40, 48)
if ARGV[3] ~= '' and largest < ARGV[3] then
  largest = ARGV[3]
end
redis.call('LSET', stream, 0, string.sub(header, 1, 1) .. 'c' .. string.sub(header, 3, 39) .. largest
  .. string.format('%010d', redis.call('TIME')[1]) .. string.sub(header, 59))
redis.call('PEXPIRE', stream, ARGV[2])
if string.byte(header, 29) ~= 45 then
  local channel = string.sub(ARGV[4], 1, -12) .. string.sub(header, 29, 39)
  if channel ~= ARGV[4] then
    redis.call('PUBLISH', channel, string.format('h%s %.0f %.0f %s', stream, base + length - 1, base, largest))
  end
end
return {1, length}
