-- Says which streams of a session run, and maybe some that have just completed.
-- KEYS    1 index of the session's running streams
-- Returns the stream IDs in the index
return redis.call('SMEMBERS', KEYS[1])
