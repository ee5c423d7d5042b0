-- Puts off the expiry of those streams of one session that are running.
-- KEYS    1 index of the session's running streams, then the streams
-- ARGV    1 time to live of a stream in ms, 2 time to live of the index in ms
-- Returns {how many were renewed}
local running, ttl, index_ttl = KEYS[1], ARGV[1], ARGV[2]
local renewed = 0
for i = 2, #KEYS do
  local header = redis.call('LINDEX', KEYS[i], 0)
  if header and string.byte(header, 2) == 114 then
    renewed = renewed + redis.call('PEXPIRE', KEYS[i], ttl)
  end
end
if renewed > 0 then
  redis.call('PEXPIRE', running, index_ttl)
end
return {renewed}
