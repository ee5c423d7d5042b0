-- Adds a session to the subscribers of some URIs, or keeps it there for longer.
-- KEYS    1 URIs by the number under which each came, 2 URIs by expiry, then the
--         subscribers of each URI
-- ARGV    1 time to live in ms, 2 session name, 3 how many URIs there may be, then the URIs
-- Returns {how many URIs there was no room for}
local numbers, expiries, ttl = KEYS[1], KEYS[2], tonumber(ARGV[1])
local session_id, most = ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
-- With its fraction, so that no two calls have the same
local now = time[1] * 1000 + time[2] / 1000
local uris = redis.call('ZCOUNT', expiries, '(' .. string.format('%.3f', now), '+inf')
-- The number of the last one that came, of the empty URI, is there also when that has gone
local last = tonumber(redis.call('ZSCORE', numbers, '') or 0)
local came, refused = false, 0
for i = 3, #KEYS do
  local uri = ARGV[i + 1]
  local expiry = tonumber(redis.call('ZSCORE', expiries, uri) or 0)
  if expiry > now or uris < most then
    -- First what maxmemory refuses
    redis.call('ZADD', expiries, now + ttl, uri)
    redis.call('ZADD', KEYS[i], now + ttl, session_id)
    redis.call('PEXPIRE', KEYS[i], ttl)
    if expiry <= now then
      uris = uris + 1
    end
    if expiry <= now or not redis.call('ZSCORE', numbers, uri) then
      last = math.max(last + 1, time[1] * 1000000 + time[2])
      redis.call('ZADD', numbers, last, uri)
      came = true
    end
    for _, expired in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now, 'LIMIT', 0, 10)) do
      redis.call('ZREM', KEYS[i], expired)
    end
  else
    refused = refused + 1
  end
end
if came then
  redis.call('ZADD', numbers, last + 1, '')
end
for _, expired in ipairs(redis.call('ZRANGEBYSCORE', expiries, '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', expiries, expired)
  redis.call('ZREM', numbers, expired)
end
redis.call('PEXPIRE', numbers, ttl)
redis.call('PEXPIRE', expiries, ttl)
return {refused}
