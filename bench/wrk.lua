-- Asks for the paths in a file, and prints what came of it as a line of JSON, in the form of
-- http_load.ts: wrk -s wrk.lua … URL -- FILE
--
-- One path is asked for again and again. Several are asked for in turn, and the file is read again
-- each second, because segments of a live broadcast come and go.

local file, requests, at, read_at

local function read()
  requests, at, read_at = {}, 0, os.time()
  for path in io.lines(file) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end

local function next_request()
  if at == #requests then
    at = 0
    if os.time() ~= read_at then read() end
  end
  at = at + 1
  return requests[at]
end

function init(args)
  file = args[1]
  read()
  if #requests > 1 then
    request = next_request
  else
    wrk.path = io.lines(file)()
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format(
    '{"answers":%d,"seconds":%.3f,"bytes":%d,"p50Ms":%.3f,"p99Ms":%.3f,"failures":%d}',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, failures
  ))
end
