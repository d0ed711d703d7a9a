-- The decision of package ratelimit, for all policies of one request. Times are whole microseconds.
-- KEYS: one for each ask. ARGV: for each ask its capacity, its charge, and 1 if a denial stops nothing.
-- A value is the instant at which the bucket is full again. It is written with an expiry beyond that instant.
local call, format = redis.call, string.format
local clock = call('TIME')
local now = clock[1] * 1000000 + clock[2]
local tats = call('MGET', unpack(KEYS))
local out, admit = {}, true -- out is debt and denied of each ask
for i = 1, #KEYS do
  local debt = (tonumber(tats[i] or now) or now) - now
  if debt < 0 then debt = 0 end
  local charge, denied = ARGV[3 * i - 1] + 0, 0
  if charge > 0 and debt + charge > ARGV[3 * i - 2] + 0 then
    denied = 1
    if ARGV[3 * i] == '0' then admit = false end
  end
  out[2 * i - 1], out[2 * i] = debt, denied
end
for i = 1, #KEYS do
  local before, capacity = out[2 * i - 1], ARGV[3 * i - 2] + 0
  local debt = before
  -- No bucket owes more than itself. One that does was written under another limit, or by a clock that ran ahead.
  if debt > capacity then debt = capacity end
  if admit and out[2 * i] == 0 then debt = debt + ARGV[3 * i - 1] end
  if debt <= 0 then
    debt = 0
    if before > 0 then call('DEL', KEYS[i]) end
  elseif debt ~= before then
    -- Formatted, since some servers would write a large number with an exponent.
    local ttl = (debt - debt % 1000) / 1000 + 2
    call('SET', KEYS[i], format('%.0f', now + debt), 'PX', format('%.0f', ttl))
  end
  out[2 * i - 1] = debt
end
return out
