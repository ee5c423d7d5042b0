-- Drops the oldest events of a stream. Doing it twice is doing it once.
-- KEYS    1 stream
-- ARGV    1 sequence of the first event to keep
-- Returns {how many events were dropped}
local stream, first = KEYS[1], tonumber(ARGV[1])
local header = redis.call('LINDEX', stream, 0)
if not header then
  return {0}
end
local base = tonumber(string.sub(header, 3, 17))
local drop = math.min(first - 1 - base, redis.call('LLEN', stream) - 2)
if drop <= 0 then
  return {0}
end
-- LTRIM is allowed when Redis is out of memory, and after it so is LSET. The last event to
-- go gives its place to the header.
redis.call('LTRIM', stream, drop, -1)
redis.call('LSET', stream, 0, string.sub(header, 1, 2) .. string.format('%015d', base + drop) .. string.sub(header, 18))
return {drop}
