// Feeds any text to what the aggregator's API takes: who asks, variables of paths, queries, bodies.
// What is refused is an answer that is JSON, what is taken has the form that the store is asked
// with.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/aggregator/bodies.h"
#include "api/aggregator/go_text.h"
#include "api/aggregator/identity.h"
#include "api/aggregator/page.h"
#include "api/aggregator/params.h"
#include "base/base64.h"
#include "base/json.h"

namespace {

using namespace insightd;
namespace aggregator = api::aggregator;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Of bodies that end too soon the original says 500.
template <class T>
bool Good(const T& param) {
  if (param) return true;
  const int status = param.error().status;
  Require(status == 400 || status == 401 || status == 500);
  Require(json::Parse(param.error().body).has_value());
  return false;
}

void TryIdentity(std::string_view header) {
  for (const std::string_view auth_type : {"xrh", "jwt"}) {
    const auto organization = aggregator::OrganizationOfIdentity(header, auth_type);
    if (Good(organization)) Require(*organization != 0);
  }
}

void TryParams(const aggregator::Call& call) {
  if (const auto id = aggregator::OrganizationParam(call); Good(id)) Require(*id != 0);
  if (const auto cluster = aggregator::ClusterParam(call); Good(cluster)) {
    Require(aggregator::UuidProblem(*cluster).empty());
  }
  const aggregator::Param<std::string> texts[] = {
      aggregator::UserParam(call), aggregator::RuleParam(call), aggregator::KeyParam(call),
      aggregator::SelectorParam(call), aggregator::NamespaceParam(call)};
  for (const aggregator::Param<std::string>& text : texts) {
    if (Good(text)) Require(aggregator::IsStorable(*text));
  }
  if (const auto split = aggregator::SplitRule(call.request.body)) {
    Require(split->rule + "|" + split->key == call.request.body);
  }
  if (const auto ids = aggregator::OrganizationsParam(call); Good(ids)) Require(!ids->empty());
  if (const auto clusters = aggregator::ClustersParam(call); Good(clusters)) {
    Require(!clusters->empty());
  }
  if (auto page = aggregator::Page::Of(call); Good(page)) {
    static_cast<void>(page->Takes({{"rule", "x"}}));
    Require(!page->all() || page->Takes());
  }
}

void TryBodies(const aggregator::Call& call) {
  const auto bytes_max = static_cast<std::size_t>(call.service.options.feedback_message_bytes_max);
  Good(aggregator::TextBody(call, "reason"));
  if (const auto text = aggregator::FeedbackBody(call, "message", "feedback message"); Good(text)) {
    Require(text->size() <= bytes_max && aggregator::IsStorable(*text));
  }
  Good(aggregator::RatingBody(call));
  for (const auto& list : {aggregator::ListBody(call), aggregator::ClustersBody(call)}) {
    if (!Good(list)) continue;
    for (const std::string& text : aggregator::Storable(*list)) {
      Require(aggregator::IsStorable(text));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const aggregator::Service service({}, {});
  const std::string text(reinterpret_cast<const char*>(data), size);
  TryIdentity(text);
  TryIdentity(EncodeBase64(text));
  http::Request request;
  request.target = "/" + text;
  request.body = text;
  static_cast<void>(http::SplitTarget(request));
  for (const char* name : {"org_id", "cluster", "user_id", "rule_id", "error_key", "rule_selector",
                           "namespace", "organizations", "clusters"}) {
    request.variables.push_back({name, text});
  }
  const aggregator::Call call{.service = service, .request = request};
  TryParams(call);
  TryBodies(call);
  return 0;
}
