package queue

import "github.com/redis/go-redis/v9"

// Scripts are atomic. KEYS: live and dead (sorted sets of ids by due time, by time of death), lease, attempts and
// error (hashes by id). Times are microseconds of Redis' own clock, so that the clocks of the workers do not matter.
const (
	clock = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
`
	held = `
if redis.call('HGET', KEYS[3], ARGV[1]) ~= ARGV[2] then return 0 end
`
)

var (
	enqueueScript = redis.NewScript(clock + `
if redis.call('ZSCORE', KEYS[1], ARGV[1]) or redis.call('ZSCORE', KEYS[2], ARGV[1]) then return 1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now, ARGV[1])
return 1`)

	claimScript = redis.NewScript(clock + `
local id = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, 1)[1]
if not id then return false end
redis.call('ZADD', KEYS[1], now + ARGV[2], id)
redis.call('HSET', KEYS[3], id, ARGV[1])
local attempts = redis.call('HINCRBY', KEYS[4], id, 1)
return {id, tostring(attempts), redis.call('HGET', KEYS[5], id) or ''}`)

	extendScript = redis.NewScript(held + clock + `
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return 1`)

	completeScript = redis.NewScript(held + `
redis.call('ZREM', KEYS[1], ARGV[1])
for i = 3, 5 do redis.call('HDEL', KEYS[i], ARGV[1]) end
return 1`)

	retryScript = redis.NewScript(held + clock + `
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[5], ARGV[1], ARGV[4])
return 1`)

	buryScript = redis.NewScript(held + clock + `
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HSET', KEYS[5], ARGV[1], ARGV[3])
return 1`)

	deadScript = redis.NewScript(`
local found = {}
for _, id in ipairs(redis.call('ZREVRANGE', KEYS[2], 0, ARGV[1] - 1)) do
  table.insert(found, id)
  table.insert(found, redis.call('HGET', KEYS[4], id))
  table.insert(found, redis.call('HGET', KEYS[5], id))
end
return found`)
)
