-- What bench/api_aggregator.py has wrk ask for: aggregator.lua WAIT_MS QUERY CLUSTERS
-- Requests are made beforehand, so that the client costs little.
local organization_clusters = 100
local requests = {}
local count = 0

local function cluster(n)
  return string.format("00000000-0000-4000-8000-%012d", n)
end

local function clusters_of(org)
  local names = {}
  for i = 0, organization_clusters - 1 do
    names[#names + 1] = '"' .. cluster((org - 1) * organization_clusters + i) .. '"'
  end
  return "[" .. table.concat(names, ",") .. "]"
end

local makers = {
  report = function(n, org)
    return wrk.format("GET", string.format(
      "/api/v1/organizations/%d/clusters/%s/users/1/report", org, cluster(n)))
  end,
  clusters = function(_, org)
    return wrk.format("GET", string.format("/api/v1/organizations/%d/clusters", org))
  end,
  list = function(_, org)
    return wrk.format("POST", string.format(
      "/api/v1/recommendations/organizations/%d/users/1/list", org), nil, clusters_of(org))
  end,
  recommendations = function(_, org)
    return wrk.format("POST", string.format(
      "/api/v1/clusters/organizations/%d/users/1/recommendations", org), nil, clusters_of(org))
  end,
  detail = function(_, org)
    return wrk.format("GET", string.format(
      "/api/v1/rules/ccx_rules_ocp.external.rules.rule_0%%7CKEY_0/organizations/%d/users/1/" ..
      "clusters_detail", org))
  end,
}

function init(args)
  local wait_ms, query, clusters = tonumber(args[1]), args[2], tonumber(args[3])
  math.randomseed(os.time())
  local step = query == "report" and 1 or organization_clusters
  for n = 0, clusters - 1, step do
    requests[#requests + 1] = makers[query](n, math.floor(n / organization_clusters) + 1)
  end
  count = #requests
  if wait_ms > 0 then
    delay = function() return math.random() * 2 * wait_ms end
  end
end

function request()
  return requests[math.random(count)]
end
