-- Marks a stream with the node that has a reader of it, or takes that node's mark away.
-- KEYS    1 stream
-- ARGV    1 this node's channel, 2 '1' to mark the stream, and to tell the node that it was
--         marked with, '2' to mark it unless it is marked with another node, '0' to unmark
--         it if the mark is this node's
-- Returns {1} marked or unmarked, {0} no such stream
local stream, channel, how = KEYS[1], ARGV[1], ARGV[2]
local header = redis.call('LINDEX', stream, 0)
if not header then
  return {0}
end
local nobody = string.rep('-', 11)
local before, after = string.sub(header, 29, 39), string.sub(channel, -11)
local foreign = before ~= nobody and before ~= after
if foreign and how ~= '1' then
  return {1}
end
if how == '0' then
  after = nobody
end
if before ~= after then
  redis.call('LSET', stream, 0, string.sub(header, 1, 28) .. after .. string.sub(header, 40))
end
if foreign then
  redis.call('PUBLISH', string.sub(channel, 1, -12) .. before, 'h' .. stream .. ' 0 0 0')
end
return {1}
