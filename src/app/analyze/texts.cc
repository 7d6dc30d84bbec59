#include "app/analyze/texts.h"

#include <string_view>

namespace insightd::app {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::size_t kTextIndent = 2;  // below the section's name

const content::RuleContent* TextsOf(const content::Catalogue& catalogue,
                                    const rules::Outcome& outcome) {
  const content::RuleContent* content = catalogue.Find(outcome.rule->component, outcome.rule->key);
  return content != nullptr && content->has_texts ? content : nullptr;
}

class Sections {
 public:
  Sections(std::string& out, const TerminalStyle& style) : out_(out), style_(style) {}

  void Add(std::string_view name, const content::RenderedText& text) {
    if (text.text.empty()) return;
    const std::string indent(style_.indent, ' ');
    out_ += '\n' + indent;
    if (style_.is_terminal) out_ += kBold;
    out_ += name;
    if (style_.is_terminal) out_ += kReset;
    out_ += '\n';
    TerminalStyle style = style_;
    style.indent += kTextIndent;
    if (text.error.empty()) {
      out_ += MarkdownToTerminal(text.text, style);
      return;
    }
    const std::string deeper(style.indent, ' ');
    out_ += deeper + "(could not be filled in: " + Neutralized(text.error) + ")\n" + deeper;
    for (const char c : Neutralized(text.text)) {
      out_ += c;
      if (c == '\n') out_ += deeper;
    }
    out_ += '\n';
  }

 private:
  std::string& out_;
  const TerminalStyle style_;
};

}  // namespace

bool AppendTexts(std::string& out, const content::Catalogue& catalogue,
                 const rules::Outcome& outcome, const TerminalStyle& style) {
  const content::RuleContent* content = TextsOf(catalogue, outcome);
  if (content == nullptr) return false;
  const content::RenderedTexts texts = content->templates.Render(std::string_view(outcome.details));
  Sections sections(out, style);
  sections.Add("What was found", texts.reason);
  sections.Add("Why it matters", {.text = content->generic, .error = {}});
  sections.Add("How to fix it", texts.resolution);
  sections.Add("More information", texts.more_info);
  return true;
}

void WriteTexts(json::JsonWriter& w, const content::Catalogue& catalogue,
                const rules::Outcome& outcome) {
  const content::RuleContent* content = TextsOf(catalogue, outcome);
  if (content == nullptr) return;
  const content::RenderedTexts texts = content->templates.Render(std::string_view(outcome.details));
  w.Key("texts").BeginObject().Key("description").String(texts.description.text);
  w.Key("generic").String(content->generic).Key("reason").String(texts.reason.text);
  w.Key("resolution").String(texts.resolution.text);
  w.Key("more_info").String(texts.more_info.text);
  w.Key("errors").BeginObject();
  const auto error = [&w](std::string_view name, const content::RenderedText& text) {
    if (!text.error.empty()) w.Key(name).String(text.error);
  };
  error("description", texts.description);
  error("reason", texts.reason);
  error("resolution", texts.resolution);
  error("more_info", texts.more_info);
  w.EndObject().EndObject();
}

}  // namespace insightd::app
