// The texts of a rule, filled with what one hit found.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/json.h"
#include "content/template.h"

namespace insightd::content {

struct RenderedText {
  std::string text;
  // Why it could not be filled in; then `text` is as its author wrote it. Empty: it could.
  std::string error;
};

struct RenderedTexts {
  RenderedText description;  // plain text, all others Markdown
  RenderedText reason;
  RenderedText resolution;
  RenderedText more_info;
};

// Parsed once, rendered for each hit. Immutable, thread-safe, cheap to copy.
class TextTemplates {
 public:
  TextTemplates() = default;
  // `rule` is what errors call it.
  TextTemplates(std::string_view rule, const std::string& description, const std::string& reason,
                const std::string& resolution, const std::string& more_info);

  // Each text on its own: one that fails leaves the others as they are.
  RenderedTexts Render(json::Value details) const;
  // Of the details as JSON text; of what is no object as if there were none.
  RenderedTexts Render(std::string_view details) const;

 private:
  struct One {
    std::string raw;
    tl::expected<Template, TemplateError> parsed;
    RenderedText Render(json::Value details, DataAs data_as) const;
  };
  static One Parse(std::string_view rule, std::string_view name, const std::string& text);

  One description_;
  One reason_;
  One resolution_;
  One more_info_;
};

}  // namespace insightd::content
