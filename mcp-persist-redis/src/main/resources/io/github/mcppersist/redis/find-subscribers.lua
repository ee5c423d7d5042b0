-- Reads subscribers of a URI that have not expired, those that expire first in front. One
-- that is kept for longer meanwhile comes again, further behind; none is left out.
-- KEYS    1 subscribers
-- ARGV    1 when the last of those that were read expires, or 0, 2 how many to read
-- Returns each with the time of its expiry
local time = redis.call('TIME')
local after = math.max(time[1] * 1000 + time[2] / 1000, tonumber(ARGV[1]))
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. string.format('%.3f', after), '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
