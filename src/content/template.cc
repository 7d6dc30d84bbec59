#include "content/template.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "content/templating/asked_members.h"
#include "content/templating/escape.h"
#include "content/templating/evaluator.h"
#include "content/templating/tag_parser.h"
#include "content/templating/writer.h"

namespace insightd::content {
namespace {

TemplatePlace PlaceOf(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_end = before.rfind('\n');
  const std::size_t line_begin = line_end == before.npos ? 0 : line_end + 1;
  return {.offset = offset,
          .line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')),
          .column = 1 + utf8::Length(before.substr(line_begin))};
}

}  // namespace

struct Template::Parsed {
  std::string name;
  std::string text;
  templating::Reading reading;
};

std::string TemplateError::ToText() const {
  return fmt::format("{}, line {}: {}{}{}", name, place.line, tag, tag.empty() ? "" : ": ",
                     message);
}

Template::Template() : parsed_(std::make_shared<Parsed>()) {}

const std::string& Template::name() const { return parsed_->name; }
const std::string& Template::text() const { return parsed_->text; }

std::vector<TemplatePlace> Template::StrayBraces() const {
  std::vector<TemplatePlace> places;
  for (const std::size_t offset : parsed_->reading.stray_braces) {
    places.push_back(PlaceOf(parsed_->text, offset));
  }
  return places;
}

std::vector<AskedDetail> Template::AskedDetails() const {
  std::vector<AskedDetail> asked;
  for (templating::AskedMember& one : templating::FindAskedMembers(parsed_->reading.parts)) {
    asked.push_back({PlaceOf(parsed_->text, one.offset), std::move(one.tag), std::move(one.name)});
  }
  return asked;
}

tl::expected<Template, TemplateError> Template::Parse(std::string name, std::string text) {
  const auto parsed = std::make_shared<Parsed>();
  parsed->name = std::move(name);
  if (text.size() > kTemplateBytesMax) {
    return tl::unexpected(
        TemplateError{parsed->name,
                      {},
                      "",
                      fmt::format("of {} bytes is over {}; cut it into texts of their own",
                                  text.size(), kTemplateBytesMax)});
  }
  parsed->text = std::move(text);
  parsed->reading = templating::Read(parsed->text);
  if (parsed->reading.mistake) {
    const templating::Mistake& mistake = *parsed->reading.mistake;
    return tl::unexpected(TemplateError{parsed->name, PlaceOf(parsed->text, mistake.offset),
                                        mistake.tag, mistake.message});
  }
  Template made;
  made.parsed_ = parsed;
  return made;
}

tl::expected<std::string, TemplateError> Template::Render(json::Value details, DataAs data_as,
                                                          std::vector<OddText>* odd) const {
  templating::Evaluator evaluator(parsed_->reading.slots + 1, details);
  templating::Writer writer(evaluator);
  if (odd != nullptr) {
    evaluator.on_odd_text = [&](std::string_view text) {
      if (odd->size() >= kOddTextsMax) return;
      odd->push_back({PlaceOf(parsed_->text, writer.offset()), writer.tag(), std::string(text)});
    };
  }
  writer.Write(parsed_->reading.parts);
  if (!evaluator.ok()) {
    return tl::unexpected(TemplateError{parsed_->name, PlaceOf(parsed_->text, writer.offset()),
                                        writer.tag(), evaluator.error()});
  }
  templating::TextBuilder& out = writer.out();
  if (data_as == DataAs::kPlain || out.data().empty()) return out.TakeText();
  return templating::EscapeData(out.text(), out.data());
}

}  // namespace insightd::content
