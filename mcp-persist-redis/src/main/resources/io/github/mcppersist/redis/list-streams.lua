-- Says which streams a session has, and maybe some that have just expired.
-- KEYS    1 index of the session's streams
-- ARGV    1 how many at most
-- Returns stream IDs, those that are kept longest first: running ones, as a rule
return redis.call('ZRANGE', KEYS[1], 0, ARGV[1] - 1, 'REV')
