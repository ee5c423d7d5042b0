-- Reads the subscribers of a URI, or the URIs that have subscribers.
-- KEYS    1 subscribers, or index of URIs
-- Returns those that have not expired
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. time[1] * 1000 + math.floor(time[2] / 1000), '+inf')
