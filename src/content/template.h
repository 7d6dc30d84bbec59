// The templates in a rule's texts, filled with what the rule found.
//
// The language is that of upstream's front ends (doT 1.1, the details as `pydata`), interpreted by
// us: nothing is handed to a JavaScript engine, and a template reaches the details and the methods
// below and nothing else.
//
//   {{=pydata.name}}  {{!pydata.name}}             a value; a value as HTML
//   {{?cond}} … {{??cond}} … {{??}} … {{?}}        if, else if, else, end
//   {{~pydata.list :item:index}} … {{~}}           for each; nothing for a list that is absent
//   {{ for (var k in pydata.map) { }} … {{ } }}    also `for (… of …)`, `for (…; …; …)`,
//   `if`/`else`
//   {{ var n = 0; }} {{ n += 1; }}                 variables, which hold for the whole text
//   {{##def.a:text#}} {{#def.a}}                   a definition and its use
//
// Expressions: literals, lists, members, ! - + typeof, * / % + -, comparison, in, && || ??, ?:, ?.,
// the methods and functions of templating/known.cc, and functions such as `x => x.name` as their
// arguments. Values convert as in JavaScript; texts are counted in UTF-16 units; letters beyond
// ASCII keep their case. What is beyond the language is an error, mostly when the template is read.
// What is no complete tag is text.
//
// Data is data: what comes from the details is escaped where it is inserted, so that it is shown as
// it is and makes no Markdown (see templating/escape.h). Quoted texts in expressions are the
// author's own and are not.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "base/json.h"

namespace insightd::content {

inline constexpr std::size_t kTemplateBytesMax = std::size_t{64} << 10;
// What one rendering may cost. A text at these limits shows nothing that a person would read.
inline constexpr std::size_t kRenderedBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kRenderStepsMax = 1'000'000;
inline constexpr std::size_t kRenderMemoryBytesMax = std::size_t{32} << 20;

// Of one rendering; more tell nobody anything.
inline constexpr std::size_t kOddTextsMax = 1'000;

// A place in a template's text; line and column from 1, columns in code points.
struct TemplatePlace {
  std::size_t offset = 0;
  std::size_t line = 1;
  std::size_t column = 1;
};

struct TemplateError {
  std::string name;  // the template's
  TemplatePlace place;
  std::string tag;  // with the expression, as it is written; may be empty
  std::string message;

  // `NAME, line 3: {{=pydata.a.b}}: cannot read "b" of undefined`
  std::string ToText() const;
};

enum class DataAs : std::uint8_t {
  kMarkdown,  // escaped
  kPlain      // as it is: for texts that are not Markdown, and for tests
};

// A value was shown that says nothing: "undefined", "null", "NaN" or "[object Object]".
struct OddText {
  TemplatePlace place;
  std::string tag;
  std::string text;
};

// A member of the details that a loop goes over, a condition asks or a variable is set to.
struct AskedDetail {
  TemplatePlace place;  // of the tag
  std::string tag;
  std::string name;  // "nodes" of `pydata.nodes`
};

// Immutable, thread-safe, cheap to copy.
class Template {
 public:
  // Of an empty text.
  Template();
  // `name` tells whose text it is, for messages: "external.rules.a|KEY reason".
  static tl::expected<Template, TemplateError> Parse(std::string name, std::string text);

  // `details` are read in place. Odd texts are added to `odd` when it is not null,
  // until there are kOddTextsMax.
  tl::expected<std::string, TemplateError> Render(json::Value details,
                                                  DataAs data_as = DataAs::kMarkdown,
                                                  std::vector<OddText>* odd = nullptr) const;

  const std::string& name() const;
  const std::string& text() const;
  // Braces that look like a tag and are none; they are shown as they stand.
  std::vector<TemplatePlace> StrayBraces() const;
  // Where the details lack one of these, nothing is shown and nothing fails.
  std::vector<AskedDetail> AskedDetails() const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

}  // namespace insightd::content
