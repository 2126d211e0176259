/**
 * What the registry's Redis runs, each in one turn of its own. Commands of Redis 7.0 only.
 *
 * | key                     | what it has                                                            |
 * | ----------------------- | ---------------------------------------------------------------------- |
 * | `{echo}:b:BOX` hash     | incarnation, what must be alike, record; expires unless the box beats  |
 * | `{echo}:boxes` set      | ids of boxes, some of which may have expired                           |
 * | `{echo}:n:NAME` hash    | owner, epoch, state, and the rest of the record; kept for a day        |
 * | `{echo}:names` sorted   | names, by the version of their last change                             |
 * | `{echo}:unheard` sorted | names given up unheard, by that version: kept for an hour              |
 * | `{echo}:v` hash         | the last version, and the one at which this Redis began (`born`)       |
 * | `{echo}:sid`            | the last session id                                                    |
 *
 * Versions and session ids are the time of Redis in milliseconds, or one more than the last: so they
 * are higher than before also where Redis was emptied.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { BOX_LIFE_MS, NAME_LIFE_MS, UNHEARD_LIFE_MS } from "../registry.ts";

/** A script, and the name by which Redis keeps it. */
export interface RedisScript {
  readonly text: string;
  readonly sha1: string;
}

/** So many names are told or forgotten in one turn at most, so that Redis answers others in between. */
const PAGE = 500;

const SHARED = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function text(number)
  return string.format('%.0f', number)
end

local function next_version()
  local last = tonumber(redis.call('HGET', '{echo}:v', 'version')) or 0
  local version = text(math.max(last + 1, now))
  redis.call('HSETNX', '{echo}:v', 'born', version)
  redis.call('HSET', '{echo}:v', 'version', version)
  return version
end

local function find(name)
  local record = redis.call('HMGET', '{echo}:n:' .. name,
    'box', 'incarnation', 'epoch', 'state', 'rest')
  if not record[1] then return nil end
  return { name, unpack(record) }
end

local function put(name, box, incarnation, epoch, state, rest)
  local key = '{echo}:n:' .. name
  redis.call('HSET', key, 'box', box, 'incarnation', incarnation, 'epoch', epoch,
    'state', state, 'rest', rest)
  redis.call('PEXPIRE', key, ${NAME_LIFE_MS})
  local version = next_version()
  redis.call('ZADD', '{echo}:names', version, name)
  return version
end

local function boxes()
  local found = {}
  for _, id in ipairs(redis.call('SMEMBERS', '{echo}:boxes')) do
    local key = '{echo}:b:' .. id
    local left = redis.call('PTTL', key)
    if left < 0 then
      redis.call('SREM', '{echo}:boxes', id)
    else
      local box = redis.call('HMGET', key, 'incarnation', 'alike', 'record')
      table.insert(found, {
        id = id, incarnation = box[1], alike = box[2],
        told = { box[3], text(${BOX_LIFE_MS} - left) },
      })
    end
  end
  return found
end

-- first: whether what was told before, up to version since, may be of another Redis
local function changes(since, first)
  local state = redis.call('HMGET', '{echo}:v', 'version', 'born')
  local version = state[1] or next_version()
  local renewed = first and since < (tonumber(state[2]) or now)
  if renewed then since = 0 end
  local changed = redis.call('ZRANGEBYSCORE', '{echo}:names', '(' .. text(since), '+inf',
    'WITHSCORES', 'LIMIT', 0, ${PAGE})
  local names = {}
  for i = 1, #changed, 2 do
    table.insert(names, find(changed[i]))
  end
  local more = #changed == 2 * ${PAGE}
  if more then version = changed[#changed] end
  local told = {}
  for _, box in ipairs(boxes()) do table.insert(told, box.told) end
  return { 'changes', version, text(now), renewed and 1 or 0, more and 1 or 0, told, names }
end
`;

/** Arguments: since, whether this is no further page of an answer (1 or 0). */
export const CHANGES = script(`
return changes(tonumber(ARGV[1]), ARGV[2] == '1')
`);

/** Arguments: box, incarnation, what must be alike, record, since, whether it joins (1 or 0). */
export const BEAT = script(`
local id, incarnation, alike = ARGV[1], ARGV[2], ARGV[3]
for _, box in ipairs(boxes()) do
  if box.id == id then
    if ARGV[6] ~= '1' and box.incarnation ~= incarnation then
      return { 'replaced', box.told }
    end
  elseif box.alike ~= alike then
    return { 'unlike', box.told }
  end
end
local key = '{echo}:b:' .. id
redis.call('HSET', key, 'incarnation', incarnation, 'alike', alike, 'record', ARGV[4])
redis.call('PEXPIRE', key, ${BOX_LIFE_MS})
redis.call('SADD', '{echo}:boxes', id)
redis.call('ZREMRANGEBYSCORE', '{echo}:names', '-inf', '(' .. text(now - ${NAME_LIFE_MS}))
local unheard = redis.call('ZRANGEBYSCORE', '{echo}:unheard', '-inf',
  text(now - ${UNHEARD_LIFE_MS}), 'WITHSCORES', 'LIMIT', 0, ${PAGE})
for i = 1, #unheard, 2 do
  local name = unheard[i]
  if redis.call('ZSCORE', '{echo}:names', name) == unheard[i + 1] then
    redis.call('DEL', '{echo}:n:' .. name)
    redis.call('ZREM', '{echo}:names', name)
  end
  redis.call('ZREM', '{echo}:unheard', name)
end
return changes(tonumber(ARGV[5]), true)
`);

/**
 * Arguments: name, box, incarnation, the epoch that was shown, the highest that is known, the rest of a
 * new record, and when it is too late, by Redis's time.
 */
export const CLAIM = script(`
local name, box, incarnation = ARGV[1], ARGV[2], ARGV[3]
local shown, known = tonumber(ARGV[4]), tonumber(ARGV[5])
if now > tonumber(ARGV[7]) then return { 'late' } end
local record = find(name)
local epoch = record and tonumber(record[4]) or 0
if record and record[5] ~= 'over' then
  if record[2] == box and record[3] == incarnation then
    return { 'granted', record[4], record }
  end
  local running = redis.call('HGET', '{echo}:b:' .. record[2], 'incarnation')
  if running == record[3] and shown < epoch then return { 'taken', record } end
end
local own = text(math.max(epoch, shown, known) + 1)
put(name, box, incarnation, own, 'live', record and record[6] or ARGV[6])
return { 'granted', own, record }
`);

/**
 * Arguments: name, box, incarnation, epoch, state, the rest of the record, whether nothing was ever
 * heard of it (1 or 0). It decides as `outranks` (`precedence.ts`) does.
 */
export const SAVE = script(`
local name, box, incarnation, epoch = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

-- Bytes, as the order of texts is that of the machine's language.
local function is_before(a, b)
  for i = 1, math.min(#a, #b) do
    if a:byte(i) ~= b:byte(i) then return a:byte(i) < b:byte(i) end
  end
  return #a < #b
end

local function rank_of(state)
  if state == 'over' then return 0 end
  return state == 'live' and 2 or 1
end

local function outranks_it(record)
  local last = tonumber(record[4])
  if last ~= epoch then return last > epoch end
  if record[2] == box and record[3] == incarnation then return false end
  local runs = redis.call('HGET', '{echo}:b:' .. record[2], 'incarnation') == record[3]
  local further = (runs and rank_of(record[5]) or 0) - rank_of(ARGV[5])
  if further == 0 then return is_before(record[2], box) end
  return further > 0
end

local record = find(name)
if record and outranks_it(record) then return { 'lost', record } end
local version = put(name, box, incarnation, ARGV[4], ARGV[5], ARGV[6])
if ARGV[7] == '1' then redis.call('ZADD', '{echo}:unheard', version, name) end
return { 'saved' }
`);

/** Arguments: box, incarnation. */
export const LEAVE = script(`
local key = '{echo}:b:' .. ARGV[1]
if redis.call('HGET', key, 'incarnation') == ARGV[2] then
  redis.call('DEL', key)
  redis.call('SREM', '{echo}:boxes', ARGV[1])
end
return 'left'
`);

/** Argument: how many session ids are reserved. Answers the first of them; the others follow it. */
export const SESSION_IDS = script(`
local first = math.max(now, (tonumber(redis.call('GET', '{echo}:sid')) or 0) + 1)
redis.call('SET', '{echo}:sid', text(first + tonumber(ARGV[1]) - 1))
return text(first)
`);

/** Answers Redis's time, in milliseconds. */
export const TIME = script(`
return text(now)
`);

function script(body: string): RedisScript {
  const text = `${SHARED}${body}`;
  return { text, sha1: createHash("sha1").update(text).digest("hex") };
}
