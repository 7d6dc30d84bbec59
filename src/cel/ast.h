// The tree that parser, checker and planner share. Of no interest to hosts.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "cel/compile.h"
#include "cel/environment.h"
#include "cel/type.h"
#include "cel/value.h"

namespace insightd::cel {

enum class ExprKind : std::uint8_t {
  kError,  // reported already
  kLiteral,
  kIdent,
  kSelect,         // target.name, has(target.name), target.?name
  kIndex,          // target[args[0]], target[?args[0]]
  kCall,           // name(args), target.name(args), operators by their sign
  kAnd,            // args
  kOr,             // args
  kTernary,        // args
  kList,           // args
  kMap,            // args: key, value, key, value, …
  kMessage,        // name{…}: not supported, kept for its error
  kComprehension,  // over target
  kBind,           // variable = target in args[0]
  kOptionalMap     // target.optMap(variable, args[0]), optFlatMap
};

enum class Fold : std::uint8_t {
  kAll,
  kExists,
  kExistsOne,
  kMap,  // also transformList
  kFilter,
  kTransformMap,
  kTransformMapEntry,
  kSortBy  // list.sortBy(x, key)
};

// Where the value of a name comes from.
enum class Source : std::uint8_t { kNone, kSlot, kLocal, kConstant };

struct Expr {
  ExprKind kind = ExprKind::kError;
  Fold fold = Fold::kAll;
  Source source = Source::kNone;
  bool rooted = false;     // .name: resolved from the root
  bool test_only = false;  // has()
  bool optional = false;   // .?name, [?key]; of kOptionalMap: the body gives an optional itself
  bool member = false;     // a call with a receiver, which the checker moved to args[0]
  bool operator_sign = false;
  std::uint32_t offset = 0;
  std::uint32_t begin = 0;  // the text of the expression, with its brackets
  std::uint32_t end = 0;
  std::uint32_t slot = 0;   // of kSlot
  std::uint32_t local = 0;  // of kLocal, and of the first variable of a comprehension or bind
  std::uint32_t depth = 1;
  Value literal;  // also of kConstant
  std::string_view name;
  std::string_view variable;         // of comprehension, bind, optMap
  std::string_view second_variable;  // empty: there is one
  Expr* target = nullptr;
  Expr* filter = nullptr;  // of map, transformList, …
  std::vector<Expr*> args;
  std::vector<bool> optional_args;  // of list and map (by entry): `?` in front
  Type type;
  std::vector<const Overload*> overloads;  // of a call: those that may fit
};

// Owns the nodes and the texts of one expression.
struct Ast {
  std::deque<Expr> nodes;
  Arena texts;
  Expr* root = nullptr;
  std::uint32_t locals = 0;  // how many variables are alive at once

  Expr* New(ExprKind kind, std::uint32_t offset) {
    Expr& node = nodes.emplace_back();
    node.kind = kind;
    node.offset = offset;
    return &node;
  }
};

// Collects mistakes with their places.
class Reporter {
 public:
  struct Place {
    std::uint32_t line;
    std::uint32_t column;
  };

  explicit Reporter(std::string_view text);
  void Report(std::uint32_t offset, std::string message, std::string suggestion = {});
  bool empty() const { return diagnostics_.empty(); }
  // Nothing more is kept: whoever would look long for a suggestion need not.
  bool full() const { return diagnostics_.size() >= kDiagnosticsMax; }
  // In the order of the text, one a place and message.
  Diagnostics Take();
  Place PlaceOf(std::uint32_t offset) const;

 private:
  static constexpr std::size_t kBytesPerMark = 256;

  std::string_view text_;
  std::vector<Place> marks_;  // the places of every so many bytes
  Diagnostics diagnostics_;
};

}  // namespace insightd::cel
