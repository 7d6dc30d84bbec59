// A template as it is read: parts of text and tags, expressions inside the tags.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "content/templating/value.h"

namespace insightd::content::templating {

// Blocks in blocks, parentheses in parentheses; evaluation recurses as deep.
inline constexpr std::size_t kNestingMax = 100;
inline constexpr std::uint32_t kNoSlot = UINT32_MAX;

enum class Operator : std::uint8_t {
  kNone,
  kNot,
  kMinus,
  kPlus,
  kTypeof,
  kAnd,
  kOr,
  kNullish,
  kEqual,
  kNotEqual,
  kStrictEqual,
  kStrictNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kRemainder
};

// In the order of kMethodNames.
enum class Method : std::uint8_t {
  kIndexOf,
  kLastIndexOf,
  kIncludes,
  kSlice,
  kConcat,
  kToString,
  kStartsWith,
  kEndsWith,
  kToUpperCase,
  kToLowerCase,
  kTrim,
  kCharAt,
  kSubstring,
  kSubstr,
  kSplit,
  kReplace,
  kReplaceAll,
  kJoin,
  kReverse,
  kMap,
  kFilter,
  kSome,
  kEvery,
  kFind,
  kFindIndex,
  kSort,
  kToFixed
};

// In the order of kFunctionNames.
enum class Function : std::uint8_t {
  kObjectKeys,
  kObjectValues,
  kObjectEntries,
  kArrayIsArray,
  kJsonStringify,
  kFloor,
  kCeil,
  kRound,
  kAbs,
  kMin,
  kMax,
  kNumber,
  kString,
  kBoolean,
  kParseInt,
  kParseFloat
};

struct Node {
  enum class Kind : std::uint8_t {
    kLiteral,  // `literal` or, of texts, `text`
    kName,     // `slot`
    kArray,    // children
    kMember,   // object and key
    kMethod,   // object, then arguments; `method`
    kCall,     // arguments; `function`
    kUnary,
    kBinary,
    kConditional,  // test, then, else
    kArrow,        // `slots` of the parameters, body; only as an argument of a method
    kFunctionName  // `function`, where a method takes an arrow
  };
  Kind kind = Kind::kLiteral;
  Operator op = Operator::kNone;
  Method method = Method::kIndexOf;
  Function function = Function::kObjectKeys;
  bool is_optional = false;  // `?.`
  std::uint32_t slot = kNoSlot;
  Value literal;
  std::string text;
  std::vector<std::uint32_t> slots;
  std::vector<Node> children;
};

// `name = value`, `name += value`.
struct Assignment {
  std::uint32_t slot = kNoSlot;
  Operator op = Operator::kNone;  // kNone: is set
  Node value;
};

struct Part;
using Parts = std::vector<Part>;

struct Branch {
  bool has_test = false;
  std::uint32_t offset = 0;
  std::string tag;
  Node test;
  Parts body;
};

struct Part {
  enum class Kind : std::uint8_t {
    kText,
    kValue,      // {{=
    kHtmlValue,  // {{!
    kIf,         // {{? and if () {
    kEach,       // {{~
    kForIn,
    kForOf,
    kFor,  // with start, test and step
    kStatement
  };
  Kind kind = Kind::kText;
  std::uint32_t offset = 0;  // in the template's text, of the tag's braces
  std::string tag;           // the tag as it is written, cut: for messages
  std::string text;          // of kText
  Node expression;
  bool has_test = false;  // of kFor
  std::uint32_t item_slot = kNoSlot;
  std::uint32_t index_slot = kNoSlot;
  std::vector<Branch> branches;
  std::vector<Assignment> assignments;  // of kStatement; of kFor: the start
  std::vector<Assignment> steps;        // of kFor
  Parts body;
};

}  // namespace insightd::content::templating
