-- Keeps a client's answer, unless there is one to the same request.
-- KEYS    1 answers, 2 tombstone of the session
-- ARGV    1 time to live in ms, 2 request ID, 3 answer, 4 how many are kept at most
-- Returns {1}, {-1} the session was deleted, {-2} there are too many
local answers, tombstone = KEYS[1], KEYS[2]
local ttl, request_id, answer, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
if redis.call('EXISTS', tombstone) == 1 then
  return {-1}
end
if redis.call('HLEN', answers) >= most then
  return {-2}
end
redis.call('HSETNX', answers, request_id, answer)
redis.call('PEXPIRE', answers, ttl)
return {1}
