-- Opens a stream with its first events, or starts it anew if this writer has it open.
-- KEYS    1 stream, 2 tombstone of the session, 3 index of the session's streams,
--         4 record of the session
-- ARGV    1 time to live of the stream in ms, 2 time to live of the index in ms, 3 header,
--         4 stream ID, 5 time for which the index keeps a running stream in ms, 6 the same
--         for a complete one, 7 how many streams the index has at most, 8 how many IDs of
--         streams follow that have completed, then these, then the events
-- Returns {1, revision of the record, or 0 if there is none, IDs of streams that the index
--         has too many} opened,
--         {-1} the session was deleted,
--         {2, next sequence, 1 if complete, base} it is somebody else's, or complete
local stream, tombstone, index, record = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local ttl, index_ttl, header, stream_id = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local running_for, completed_for = tonumber(ARGV[5]), tonumber(ARGV[6])
local most, finished = tonumber(ARGV[7]), tonumber(ARGV[8])
if redis.call('EXISTS', tombstone) == 1 then
  return {-1}
end
local before = redis.call('LLEN', stream)
if before > 0 then
  local old = redis.call('LINDEX', stream, 0)
  if string.byte(old, 2) ~= 114 or string.sub(old, 18, 28) ~= string.sub(header, 18, 28) then
    local base = tonumber(string.sub(old, 3, 17))
    return {2, base + before, string.byte(old, 2) == 114 and 0 or 1, base}
  end
  header = string.sub(header, 1, 28) .. string.sub(old, 29, 39) .. string.sub(header, 40)
end
-- Push before anything else: the first write of a script is the one that maxmemory refuses.
redis.call('RPUSH', stream, header)
for first = 9 + finished, #ARGV, 4000 do
  redis.call('RPUSH', stream, unpack(ARGV, first, math.min(first + 3999, #ARGV)))
end
if before > 0 then
  redis.call('LTRIM', stream, before, -1)
end
redis.call('PEXPIRE', stream, ttl)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', index, now + running_for, stream_id)
if finished > 0 then
  -- Sooner only: the index must know a stream for as long as there is one
  local scores = {}
  for i = 1, finished do
    scores[2 * i - 1] = now + completed_for
    scores[2 * i] = ARGV[8 + i]
  end
  redis.call('ZADD', index, 'XX', 'LT', unpack(scores))
end
redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
redis.call('PEXPIRE', index, index_ttl)
local reply = {1, tonumber(redis.call('HGET', record, 'r') or 0)}
if redis.call('ZCARD', index) > most then
  for _, oldest in ipairs(redis.call('ZRANGE', index, 0, 127)) do
    reply[#reply + 1] = oldest
  end
end
return reply
