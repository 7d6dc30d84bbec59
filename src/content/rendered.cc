#include "content/rendered.h"

#include <fmt/core.h>

#include <utility>

namespace insightd::content {

TextTemplates::TextTemplates(std::string_view rule, const std::string& description,
                             const std::string& reason, const std::string& resolution,
                             const std::string& more_info)
    : description_(Parse(rule, "description", description)),
      reason_(Parse(rule, "reason", reason)),
      resolution_(Parse(rule, "resolution", resolution)),
      more_info_(Parse(rule, "more_info", more_info)) {}

TextTemplates::One TextTemplates::Parse(std::string_view rule, std::string_view name,
                                        const std::string& text) {
  return {.raw = text, .parsed = Template::Parse(fmt::format("{} {}", rule, name), text)};
}

RenderedText TextTemplates::One::Render(json::Value details, DataAs data_as) const {
  if (!parsed) return {.text = raw, .error = parsed.error().ToText()};
  auto rendered = parsed->Render(details, data_as);
  if (!rendered) return {.text = raw, .error = rendered.error().ToText()};
  return {.text = std::move(*rendered), .error = {}};
}

RenderedTexts TextTemplates::Render(json::Value details) const {
  return {.description = description_.Render(details, DataAs::kPlain),
          .reason = reason_.Render(details, DataAs::kMarkdown),
          .resolution = resolution_.Render(details, DataAs::kMarkdown),
          .more_info = more_info_.Render(details, DataAs::kMarkdown)};
}

RenderedTexts TextTemplates::Render(std::string_view details) const {
  Result<json::Document> document = json::Parse(details);
  if (!document || !document->root().is_object()) document = json::Parse("{}");
  return Render(document->root());
}

}  // namespace insightd::content
