-- The decision of package ratelimit, for all policies of one request. Times are whole microseconds.
-- KEYS: one for each ask. ARGV: for each ask its capacity, its charge, and 1 if a denial stops nothing.
-- A value is the instant at which the bucket is full again. It is written with an expiry beyond that instant.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local tats = redis.call('MGET', unpack(KEYS))
local debts, denied, admit = {}, {}, true
for i = 1, #KEYS do
  debts[i] = math.max(0, (tonumber(tats[i] or 0) or 0) - now)
  local charge = tonumber(ARGV[3 * i - 1])
  denied[i] = charge > 0 and debts[i] + charge > tonumber(ARGV[3 * i - 2])
  if denied[i] and ARGV[3 * i] == '0' then admit = false end
end
local out = {}
for i = 1, #KEYS do
  local capacity, before = tonumber(ARGV[3 * i - 2]), debts[i]
  -- No bucket owes more than itself. One that does was written under another limit, or by a clock that ran ahead.
  local debt = math.min(before, capacity)
  if admit and not denied[i] then debt = math.max(0, debt + tonumber(ARGV[3 * i - 1])) end
  if debt == 0 and before > 0 then
    redis.call('DEL', KEYS[i])
  elseif debt ~= before then
    redis.call('SET', KEYS[i], string.format('%.0f', now + debt), 'PX', math.ceil(debt / 1000) + 1)
  end
  out[2 * i - 1], out[2 * i] = debt, denied[i] and 1 or 0
end
return out
