// Tokens into a tree, by recursive descent. The depth is bounded; behind a mistake it goes on at
// the next place that fits, so that all mistakes are reported.
#pragma once

#include <string_view>

#include "cel/ast.h"

namespace insightd::cel {

// ast.root is set in every case; where something could not be read there is a kError node.
void Parse(std::string_view expression, bool macros, Ast& ast, Reporter& reporter);

// Macros that are called on a list, map or optional.
inline constexpr std::string_view kMemberMacros[] = {
    "all",    "exists", "exists_one", "existsOne",     "map",          "filter",
    "sortBy", "optMap", "optFlatMap", "transformList", "transformMap", "transformMapEntry"};

// A call that is a macro becomes what it stands for; any other stays as it is. `call` has its
// receiver in `target`.
Expr* ExpandMacro(Expr* call, Ast& ast, Reporter& reporter);

}  // namespace insightd::cel
