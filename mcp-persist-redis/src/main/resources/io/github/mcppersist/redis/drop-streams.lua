-- Drops those of some streams of one session that are complete.
-- KEYS    1 index of the session's streams, then the streams
-- ARGV    the stream IDs
-- Returns {how many were dropped}
local index = KEYS[1]
local dropped = 0
for i = 2, #KEYS do
  local header = redis.call('LINDEX', KEYS[i], 0)
  if not header or string.byte(header, 2) ~= 114 then
    dropped = dropped + redis.call('UNLINK', KEYS[i])
    redis.call('ZREM', index, ARGV[i - 1])
  end
end
return {dropped}
