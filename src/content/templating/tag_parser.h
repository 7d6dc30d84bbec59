// The text of a template into parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "content/templating/ast.h"

namespace insightd::content::templating {

struct Mistake {
  std::size_t offset = 0;  // in the source
  std::string tag;         // as it is written; may be empty
  std::string message;
};

struct Reading {
  Parts parts;
  std::uint32_t slots = 0;  // of variables
  // Braces that look like a tag and are none: plain text, though hardly meant so. Offsets in the
  // source.
  std::vector<std::size_t> stray_braces;
  std::optional<Mistake> mistake;  // then all else is empty
};

Reading Read(std::string_view source);

}  // namespace insightd::content::templating
