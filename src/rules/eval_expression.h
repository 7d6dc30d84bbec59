// An expression by itself: what it gives over an archive, for authors who try things out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/file_tree.h"
#include "rules/judge.h"

namespace insightd::rules {

struct EvaluatedExpression {
  // What is wrong with the expression, with carets; then all else is empty.
  std::string mistakes;
  // Why it failed, with line and column of the expression. Then there is no value.
  std::string error;
  std::string text;  // the value as it would be written in an expression
  std::string json;  // the value as it would stand in details
  std::string type;  // what is known of the value before it is computed: "list(dyn)"
  std::uint64_t steps = 0;
};

// Evaluates it with the names that rules of the pack number `pack` see, without params and let.
EvaluatedExpression EvaluateExpression(Judge& judge, std::uint32_t pack,
                                       std::string_view expression, archive::FileTree& tree);

// A tree without files, whose time is the one that tests of rules have when they say none.
archive::FileTree EmptyTree();

struct FunctionSignatures {
  std::string name;
  std::vector<std::string> signatures;  // empty: a macro, of which there is none
};
// All functions and macros that rules may call, by name.
std::vector<FunctionSignatures> ListFunctions(const Pack& pack);

}  // namespace insightd::rules
