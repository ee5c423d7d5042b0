-- What the two round trips of the seed's layout do, in one.
-- KEYS    1 counter of the stream, 2 index of the stream, 3 what its events' keys begin with
-- ARGV    1 time to live in ms, 2 stream ID, 3 message
-- Returns the number of the event
local counter, index, events = KEYS[1], KEYS[2], KEYS[3]
local ttl, stream_id, message = ARGV[1], ARGV[2], ARGV[3]
local number = redis.call('INCR', counter)
local event = events .. number
redis.call('HSET', event, 'stream', stream_id, 'message', message)
redis.call('ZADD', index, number, number)
redis.call('PEXPIRE', event, ttl)
redis.call('PEXPIRE', index, ttl)
redis.call('PEXPIRE', counter, ttl)
return number
