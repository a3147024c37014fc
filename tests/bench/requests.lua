-- Requests for wrk: wrk … -s tests/bench/requests.lua URL -- workload clinics ids-file [id-of-the-run]
-- workload: get | list | create | create-keyed | search | catalog | pages. Prints one line of JSON at the end.
local workload, clinics, ids, terms, serial, thread_serial

local threads = 0
function setup(thread)
    threads = threads + 1
    thread:set("thread_number", threads)
end

local function lines(path)
    local list = {}
    for line in io.lines(path) do list[#list + 1] = line end
    return list
end

local function head(method, path, clinic, thing, who)
    local token = "ca_" .. ("bench" .. clinic .. (who or "") .. "x" .. string.rep("A", 43)):sub(1, 43)
    return method .. " /clinics/bench-" .. clinic .. "/" .. (thing or "patients") .. path .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " .. token .. "\r\n"
end

local function get()
    local clinic, id = ids[math.random(#ids)]:match("(%d+) (%S+)")
    return head("GET", "/" .. id, clinic) .. "\r\n"
end

local function list()
    return head("GET", "?limit=50", math.random(clinics)) .. "\r\n"
end

local function create(extra)
    local phone = string.format("+91 %d", math.random(6000000000, 9999999999))
    local body = '{"name":"Meera Kulkarni","gender":"female","date_of_birth":"1992-04-17","phone_number":"' .. phone ..
        '","address":"14 Temple Road","city":"Bengaluru"}'
    return head("POST", "", math.random(clinics)) .. "Content-Type: application/json\r\n" .. extra ..
        "Content-Length: " .. #body .. "\r\n\r\n" .. body
end

local function key()
    serial = serial + 1
    return "Idempotency-Key: bench-" .. thread_serial .. "-" .. serial .. "\r\n"
end

local function search()
    return head("GET", "?limit=20&q=" .. terms[math.random(#terms)], clinics + 1) .. "\r\n"
end

local function catalog()
    return head("GET", "?limit=20&q=" .. terms[math.random(#terms)], clinics + 1, "catalog/medicines") .. "\r\n"
end

local function page()
    local who, path = terms[math.random(#terms)]:match("(%S+) /(%S+)")
    return head("GET", path, clinics + 1, "", who ~= "-" and who or nil) .. "\r\n"
end

function init(args)
    workload, clinics = args[1], tonumber(args[2])
    thread_serial, serial = args[4] .. "-" .. thread_number, 0
    math.randomseed(os.time() * 16 + thread_number)
    if workload == "get" then
        ids = lines(args[3])
        request = get
    elseif workload == "list" then
        request = list
    elseif workload == "create" then
        request = function() return create("") end
    elseif workload == "create-keyed" then
        request = function() return create(key()) end
    else
        terms = lines(args[3])
        request = workload == "catalog" and catalog or workload == "pages" and page or search
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('{"rate":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"requests":%d,"bytes":%d,"failed":%d}\n',
        summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        summary.requests, summary.bytes, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
