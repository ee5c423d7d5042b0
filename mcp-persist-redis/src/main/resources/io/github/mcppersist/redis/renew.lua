-- Puts off the expiry of streams of one session. A complete one is kept for so long after
-- it completed at most as a running one is kept.
-- KEYS    1 index of the session's streams, then the streams
-- ARGV    1 time to live of a running stream in ms, 2 the same of a complete one, 3 time
--         for which the index keeps a running stream in ms, 4 time to live of the index in
--         ms, then the stream IDs
-- Returns for each stream {0} gone, {1} running and renewed, {2} complete and renewed,
--         {3} complete and left as it is
local index, ttl, completed_ttl = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local running_for, index_ttl = tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply = {}
for i = 2, #KEYS do
  local header = redis.call('LINDEX', KEYS[i], 0)
  reply[i - 1] = 0
  if header and string.byte(header, 2) == 114 then
    redis.call('PEXPIRE', KEYS[i], ttl)
    redis.call('ZADD', index, now + running_for, ARGV[3 + i])
    reply[i - 1] = 1
  elseif header then
    local until_at = math.min(now + completed_ttl, string.sub(header, 49, 58) * 1000 + math.max(ttl, completed_ttl))
    reply[i - 1] = 3
    if until_at - now > redis.call('PTTL', KEYS[i]) then
      redis.call('PEXPIRE', KEYS[i], until_at - now)
      redis.call('ZADD', index, 'GT', until_at, ARGV[3 + i])
      reply[i - 1] = 2
    end
  end
end
redis.call('PEXPIRE', index, index_ttl)
return reply
