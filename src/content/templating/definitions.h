// `{{##def.a:text#}}` and `{{#def.a}}`: put in before anything else of a template is read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::content::templating {

// A template without definitions and their uses.
class Expanded {
 public:
  // Of a text over `bytes_max`, or definitions that use themselves, error() tells; uses without a
  // definition are left as they are.
  Expanded(std::string_view source, std::size_t bytes_max);

  const std::string& text() const { return text_; }
  // Where a byte of text() stands in the source; of a definition's text, where it is defined.
  std::size_t SourceOffset(std::size_t offset) const;
  const std::string& error() const { return error_; }

 private:
  // From `begin` on, text() is the source from `source` on.
  struct Piece {
    std::size_t begin;
    std::size_t source;
  };
  void Put(std::string_view source, std::size_t offset, std::size_t depth);

  std::size_t bytes_max_;
  std::string text_;
  std::vector<Piece> pieces_;
  struct Definition {
    std::string name;
    std::string_view text;
    std::size_t offset;
  };
  std::vector<Definition> definitions_;
  std::string error_;
};

}  // namespace insightd::content::templating
