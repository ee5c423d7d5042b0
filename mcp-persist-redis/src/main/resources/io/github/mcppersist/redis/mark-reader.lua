-- Marks a stream with the node that has a reader of it, or takes that node's mark away.
-- KEYS    1 stream
-- ARGV    1 node, 2 '1' to mark the stream, '0' to unmark it if the mark is this node's
-- Returns {1} marked or unmarked, {0} no such stream
local stream, node, mark = KEYS[1], ARGV[1], ARGV[2]
local header = redis.call('LINDEX', stream, 0)
if not header then
  return {0}
end
local reader = string.sub(header, 29, 39)
if mark == '0' then
  if reader ~= node then
    return {1}
  end
  node = string.rep('-', 11)
end
if reader ~= node then
  redis.call('LSET', stream, 0, string.sub(header, 1, 28) .. node .. string.sub(header, 40))
end
return {1}
