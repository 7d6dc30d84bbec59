// YAML as a tree of our own, with the place of every key and value.
//
// For the files of a pack and for YAML documents of an archive. Read by the core schema of YAML
// 1.2: a time, a date, `yes`, `on` are text; only plain scalars can be anything but text; `<<` is a
// key like any other. Names of members are text: `1` and `"1"` are one name.
//
// Refused: a key twice in one mapping (with both places), a key that is a list or a mapping, more
// than one document, a number beyond the range of a double, a value that its core tag does not fit
// (`!!int x`), control characters, bytes that are no UTF-8, and what is over a limit. What else
// differs between a pack, where each line should say what it means, and a document: see Accept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rules/source_text.h"

namespace insightd::rules::yaml {

enum class Kind : std::uint8_t { kNull, kBool, kInt, kDouble, kText, kList, kMap };
enum class Style : std::uint8_t { kPlain, kSingleQuoted, kDoubleQuoted, kLiteral, kFolded };

// "a list", "a whole number": for messages.
std::string_view KindName(Kind kind);

struct Member;

// A value. Accessors for a kind may be called only when `kind` says so.
struct Node {
  Kind kind = Kind::kNull;
  Style style = Style::kPlain;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;       // of kInt too
  std::size_t offset = 0;  // first byte in the source; a block scalar's is its `|` or `>`, a
                           // copy's the alias
  std::string text;        // of every scalar: as decoded
  std::vector<Node> items;
  std::vector<Member> members;  // in the order of the file

  bool is_scalar() const { return kind < Kind::kList; }
  // The member's value, or null when there is none.
  const Node* Find(std::string_view name) const;
};

struct Member {
  std::string name;
  std::size_t offset = 0;  // of the name
  Node value;
};

struct Limits {
  std::size_t bytes_max = std::size_t{4} << 20;
  std::size_t depth_max = 64;
  std::size_t nodes_max = 1'000'000;  // with those that aliases repeat
  // Text that anchors keep and aliases repeat, all together.
  std::size_t alias_bytes_max = std::size_t{1} << 20;
};

enum class Accept : std::uint8_t {
  kPlainTree,   // no anchors, no aliases, no tags of one's own: for what people write here
  kAllOfYaml12  // an alias stands for a copy, another tag is passed over: for documents of others
};

struct Mistake {
  std::size_t offset = 0;
  std::string message;
};

struct Parsed {
  Node root;
  // Empty when the text is good. A syntax error ends the reading; doubled keys are all listed.
  std::vector<Mistake> mistakes;
};

Parsed Parse(const SourceText& source, const Limits& limits = {},
             Accept accept = Accept::kPlainTree);

// Where the byte `text_offset` of a scalar's text stands in the source, through quotes, escapes,
// block scalars and folded lines; the scalar's own place when that cannot be told.
std::size_t OffsetInSource(const SourceText& source, const Node& scalar, std::size_t text_offset);

// What a plain scalar means in the core schema of YAML 1.2: sets kind and value of `node` by its
// text. An integer beyond 64 bits is a double. False when it is a number beyond the range of a
// double; `.inf` and `.nan` are not.
bool ResolvePlain(Node& node);

// The tree as JSON text; nothing when a number has no form there (`.inf`, `.nan`).
std::optional<std::string> ToJson(const Node& node);

}  // namespace insightd::rules::yaml
