// Any text as a template: parses or says where it does not, renders within its bounds.
//
// Of what escaping promises one thing is looked at: where a template makes no code, no `<script>`
// of the details comes through. Bounds and memory are the fuzzer's own business.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "content/template.h"

namespace insightd::content {
namespace {

constexpr std::string_view kDetails = R"json(
{"a":"<script>","n":-1.5,"b":true,"z":null,"l":[1,"x|y","`",["# h",{"q":"\n- i"}]],
 "m":{"2":"b","k":"[x](javascript:a)","1":"a"},"u":"é😀_*","e":"","o":{}}
)json";

void Try(json::Value details, std::string_view text) {
  const auto parsed = Template::Parse("t", std::string(text));
  if (!parsed) {
    if (parsed.error().message.empty() || parsed.error().place.offset > text.size()) std::abort();
    parsed.error().ToText();
    return;
  }
  for (const TemplatePlace& place : parsed->StrayBraces()) {
    if (place.offset >= text.size()) std::abort();
  }
  std::vector<OddText> odd;
  const auto plain = parsed->Render(details, DataAs::kPlain, &odd);
  const auto markdown = parsed->Render(details, DataAs::kMarkdown);
  if (plain.has_value() != markdown.has_value()) std::abort();
  if (!plain) {
    if (plain.error().message.empty()) std::abort();
    return;
  }
  const bool may_have_code = text.find_first_of("`~<&'\"") != text.npos ||
                             text.find("    ") != text.npos || text.find('\t') != text.npos ||
                             text.find("](") != text.npos || text.find("]:") != text.npos;
  if (!may_have_code && markdown->find("<script") != markdown->npos) std::abort();
}

}  // namespace
}  // namespace insightd::content

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto details = *insightd::json::Parse(insightd::content::kDetails);
  insightd::content::Try(details.root(), {reinterpret_cast<const char*>(data), size});
  return 0;
}
