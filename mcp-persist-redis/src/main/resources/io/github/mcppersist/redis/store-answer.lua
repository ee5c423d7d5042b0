-- Keeps a client's answer, unless there is one to the same request.
-- KEYS    1 answers, 2 tombstone of the session
-- ARGV    1 time to live in ms, 2 request ID, 3 answer, 4 how many are kept at most, 5 how
--         many bytes they take at most, if there is more than one
-- Returns {1}, {-1} the session was deleted, {-2} there are too many
local answers, tombstone = KEYS[1], KEYS[2]
local ttl, request_id, answer, most, most_bytes = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if redis.call('EXISTS', tombstone) == 1 then
  return {-1}
end
if redis.call('HSTRLEN', answers, request_id) > 0 then
  return {1}
end
-- The field '#', which is no request ID, counts the bytes
local bytes = tonumber(redis.call('HGET', answers, '#') or 0)
if bytes > 0 and (redis.call('HLEN', answers) - 1 >= most or bytes + #answer > most_bytes) then
  return {-2}
end
redis.call('HSET', answers, request_id, answer)
redis.call('HINCRBY', answers, '#', #answer)
redis.call('PEXPIRE', answers, ttl)
return {1}
