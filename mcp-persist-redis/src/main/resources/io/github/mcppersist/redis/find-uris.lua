-- Reads URIs that have subscribers, in the order in which they came.
-- KEYS    1 URIs by the number under which each came, 2 URIs by expiry
-- ARGV    1 the number after which to go on, 2 how many to read
-- Returns {the number to go on after, 1 if there is more and otherwise 0, how many there
--         are in all, then those that have not expired}
local numbers, expiries, after, most = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('ZRANGEBYSCORE', numbers, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, most)
local more = #found == 2 * most
local reply = {0, more and 1 or 0, redis.call('ZCOUNT', expiries, '(' .. now, '+inf')}
for i = 1, #found, 2 do
  -- The number of the last one that came is that of the empty URI
  if found[i] ~= '' and tonumber(redis.call('ZSCORE', expiries, found[i]) or 0) > now then
    reply[#reply + 1] = found[i]
  end
end
reply[1] = more and tonumber(found[#found]) or tonumber(redis.call('ZSCORE', numbers, '') or 0)
return reply
