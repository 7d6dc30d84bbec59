// Which members of the details decide what a template shows: those that loops go over, conditions
// ask and variables are set to. One that is misspelt shows nothing at all, and no error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "content/templating/ast.h"

namespace insightd::content::templating {

struct AskedMember {
  std::uint32_t offset = 0;  // in the template's text, of the tag's braces
  std::string tag;
  std::string name;  // directly of `pydata`
};

// In the order of the text; those of values that are shown are left out, but for `?:`.
std::vector<AskedMember> FindAskedMembers(const Parts& parts);

}  // namespace insightd::content::templating
