// Feeds any target to the parameters of the APIs: what is refused is a 400 that is JSON, what is
// taken has the form that the store is asked with.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/params.h"
#include "base/json.h"

namespace {

using namespace insightd;

void Require(bool condition) {
  if (!condition) std::abort();
}

template <class T>
bool Good(const api::Param<T>& param) {
  if (param) return true;
  Require(param.error().status == 400);
  Require(json::Parse(param.error().body).has_value());
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  http::Request request;
  request.target = "/" + text;
  static_cast<void>(http::SplitTarget(request));
  for (const char* name : {"cluster", "rule_selector"}) {
    request.variables.push_back({name, text});
  }
  if (const auto cluster = api::ClusterParam(request); Good(cluster)) {
    Require(cluster->size() == 36);
    Require(std::none_of(cluster->begin(), cluster->end(),
                         [](unsigned char c) { return std::isupper(c) != 0; }));
  }
  if (const auto selector = api::SelectorParam(request, "rule_selector"); Good(selector)) {
    Require(!selector->module.empty() && !selector->key.empty());
  }
  Good(api::FlagParam(request, "get_disabled"));
  static_cast<void>(api::ParseBool(text));
  return 0;
}
