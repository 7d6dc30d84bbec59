#include "rules/yaml.h"

#include <fmt/core.h>
#include <yaml.h>

#include <algorithm>
#include <new>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "base/utf8.h"

namespace insightd::rules::yaml {
namespace {

// Ends the reading from inside the builder; never leaves this file.
struct Stop {
  Mistake mistake;
};

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

// Bytes of characters that are asked for by their number, as libyaml counts. Cheap when asked in
// order.
class Characters {
 public:
  explicit Characters(std::string_view text) : text_(text) {}

  std::size_t OffsetOf(std::size_t index) {
    if (index < index_) index_ = offset_ = 0;
    for (; index_ < index && offset_ < text_.size(); ++index_) {
      offset_ += utf8::Decode(text_.substr(offset_)).bytes;
    }
    return offset_;
  }

 private:
  std::string_view text_;
  std::size_t index_ = 0;
  std::size_t offset_ = 0;
};

// Builds the tree from libyaml's events.
class Builder {
 public:
  Builder(const SourceText& source, const Limits& limits, Accept accept)
      : source_(source), limits_(limits), accept_(accept), characters_(source.text()) {}

  Parsed Take() && { return std::move(parsed_); }

  void Handle(const yaml_event_t& event) {
    const std::size_t begin = characters_.OffsetOf(event.start_mark.index);
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        if (++documents_ > 1) throw Stop{{begin, "a second document; a file holds one"}};
        break;
      case YAML_SCALAR_EVENT: OnScalar(event, begin); break;
      case YAML_ALIAS_EVENT: OnAlias(TextOf(event.data.alias.anchor), begin); break;
      case YAML_SEQUENCE_START_EVENT: {
        const auto& start = event.data.sequence_start;
        Open(Kind::kList, "seq", TextOf(start.tag), TextOf(start.anchor), begin);
        break;
      }
      case YAML_MAPPING_START_EVENT: {
        const auto& start = event.data.mapping_start;
        Open(Kind::kMap, "map", TextOf(start.tag), TextOf(start.anchor), begin);
        break;
      }
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: Close(); break;
      default: break;
    }
  }

 private:
  // A list or map whose end has not come yet.
  struct OpenNode {
    Node node;
    std::string anchor;
    std::optional<std::string> key;  // the next value's, in a map
    std::size_t key_offset = 0;
    std::unordered_map<std::string, std::size_t> seen;  // name to offset, in a map
    std::size_t height = 1;                             // of the tree below
  };
  struct Anchored {
    Node node;
    std::size_t height = 0;
    std::size_t nodes = 0;
    std::size_t bytes = 0;
  };

  static std::string_view TextOf(const yaml_char_t* text) {
    return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
  }

  std::string AnchorOf(std::string_view anchor, std::size_t offset) const {
    if (!anchor.empty() && accept_ == Accept::kPlainTree) {
      throw Stop{{offset, "an anchor; there are no aliases here"}};
    }
    return std::string(anchor);
  }

  // Behind the tag and the anchor that stand before a value.
  std::size_t BehindProperties(std::size_t at) const {
    const std::string_view text = source_.text();
    constexpr std::string_view kBlank = " \t\r\n";
    while (at < text.size() && (text[at] == '!' || text[at] == '&')) {
      at = std::min(text.find_first_of(kBlank, at), text.size());
      while (at < text.size() && (kBlank.find(text[at]) != kBlank.npos || text[at] == '#')) {
        at = text[at] == '#' ? std::min(text.find_first_of("\r\n", at), text.size()) : at + 1;
      }
    }
    return at;
  }

  void OnScalar(const yaml_event_t& event, std::size_t begin) {
    const auto& scalar = event.data.scalar;
    const std::string anchor = AnchorOf(TextOf(scalar.anchor), begin);
    const std::string_view tag = TextOf(scalar.tag);
    Node node;
    node.kind = Kind::kText;
    node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    node.style = StyleOf(scalar.style);
    node.offset = tag.empty() && anchor.empty() ? begin : BehindProperties(begin);
    // A value that is left out stands at its key; its mark is that of whatever follows.
    const bool is_left_out = node.style == Style::kPlain && node.text.empty();
    if (is_left_out && !open_.empty() && open_.back().key) node.offset = open_.back().key_offset;

    if (tag.empty() ? node.style == Style::kPlain : !IsKnownTag(tag, begin)) {
      // A tag of somebody's own is passed over, and the value is what it looks like.
      if (node.style == Style::kPlain) Resolve(node);
    } else if (!tag.empty() && tag != "!") {
      ResolveTag(node, tag);
    }
    Remember(anchor, node, 1);
    Place(std::move(node), 1);
  }

  static Style StyleOf(yaml_scalar_style_t style) {
    switch (style) {
      case YAML_SINGLE_QUOTED_SCALAR_STYLE: return Style::kSingleQuoted;
      case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return Style::kDoubleQuoted;
      case YAML_LITERAL_SCALAR_STYLE: return Style::kLiteral;
      case YAML_FOLDED_SCALAR_STYLE: return Style::kFolded;
      default: return Style::kPlain;
    }
  }

  // Whether the tag is one of the core schema's; throws on another one unless they are taken.
  bool IsKnownTag(std::string_view tag, std::size_t offset) const {
    if (tag == "!") return true;
    if (tag.starts_with(kCoreTag)) {
      const std::string_view name = tag.substr(kCoreTag.size());
      for (const std::string_view known : {"str", "int", "float", "bool", "null", "seq", "map"}) {
        if (name == known) return true;
      }
    }
    if (accept_ == Accept::kPlainTree) {
      throw Stop{{offset, fmt::format("tag {}; leave it out", tag)}};
    }
    return false;
  }

  static void Resolve(Node& node) {
    if (!ResolvePlain(node)) {
      throw Stop{{node.offset, fmt::format("number {} is beyond the range of a double",
                                           node.text.substr(0, kShownNumberBytes))}};
    }
  }

  static void ResolveTag(Node& node, std::string_view tag) {
    const std::string_view name = tag.substr(kCoreTag.size());
    if (name == "str") return;
    Node resolved = node;
    Resolve(resolved);
    const bool fits =
        (name == "int" && resolved.kind == Kind::kInt) ||
        (name == "bool" && resolved.kind == Kind::kBool) ||
        (name == "null" && resolved.kind == Kind::kNull) ||
        (name == "float" && (resolved.kind == Kind::kDouble || resolved.kind == Kind::kInt));
    if (!fits) {
      throw Stop{{node.offset,
                  fmt::format("tag {} with the value \"{}\"; leave the tag out", tag, node.text)}};
    }
    if (name == "float") resolved.kind = Kind::kDouble;
    node = std::move(resolved);
  }

  void OnAlias(std::string_view anchor, std::size_t at) {
    if (accept_ == Accept::kPlainTree) throw Stop{{at, "an alias; write the value out"}};
    const std::string name(anchor);
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) {
      throw Stop{{at, fmt::format("alias *{} of an anchor that is not there before it", name)}};
    }
    const Anchored& anchored = found->second;
    if (IsKeyNext() && !anchored.node.is_scalar()) RefuseKey(at);
    CountCopy(anchored, at);
    if (open_.size() + anchored.height > limits_.depth_max + 1) RefuseDepth(at);
    Node copy = anchored.node;
    copy.offset = at;
    Place(std::move(copy), anchored.height);
  }

  // An anchored value is kept whole, so that it counts like a copy.
  void Remember(const std::string& anchor, const Node& node, std::size_t height) {
    if (anchor.empty()) return;
    Anchored anchored;
    anchored.height = height;
    Measure(node, anchored.nodes, anchored.bytes);
    CountCopy(anchored, node.offset);
    anchored.node = node;
    anchors_.insert_or_assign(anchor, std::move(anchored));
  }

  static void Measure(const Node& node, std::size_t& nodes, std::size_t& bytes) {
    ++nodes;
    bytes += node.text.size();
    for (const Node& item : node.items) Measure(item, nodes, bytes);
    for (const Member& member : node.members) {
      bytes += member.name.size();
      Measure(member.value, nodes, bytes);
    }
  }

  void CountCopy(const Anchored& anchored, std::size_t offset) {
    nodes_ += anchored.nodes - 1;  // Place counts one
    copied_bytes_ += anchored.bytes;
    if (nodes_ > limits_.nodes_max) RefuseNumber(offset);
    if (copied_bytes_ > limits_.alias_bytes_max) {
      throw Stop{
          {offset, fmt::format("aliases repeat more than {} bytes", limits_.alias_bytes_max)}};
    }
  }

  void Open(Kind kind, std::string_view core_name, std::string_view tag, std::string_view anchor,
            std::size_t begin) {
    OpenNode open;
    open.node.kind = kind;
    open.node.offset = tag.empty() && anchor.empty() ? begin : BehindProperties(begin);
    open.anchor = AnchorOf(anchor, begin);
    if (!tag.empty() && IsKnownTag(tag, begin) && tag != "!" &&
        tag.substr(kCoreTag.size()) != core_name) {
      throw Stop{{begin, fmt::format("tag {} at {}; leave it out", tag, KindName(kind))}};
    }
    if (IsKeyNext()) RefuseKey(open.node.offset);
    if (open_.size() >= limits_.depth_max) RefuseDepth(open.node.offset);
    open_.push_back(std::move(open));
  }

  void Close() {
    OpenNode closed = std::move(open_.back());
    open_.pop_back();
    Remember(closed.anchor, closed.node, closed.height);
    Place(std::move(closed.node), closed.height);
  }

  bool IsKeyNext() const {
    return !open_.empty() && open_.back().node.kind == Kind::kMap && !open_.back().key;
  }

  [[noreturn]] static void RefuseKey(std::size_t offset) {
    throw Stop{{offset, "a key that is a list or a mapping; use text"}};
  }
  [[noreturn]] void RefuseDepth(std::size_t offset) const {
    throw Stop{{offset, fmt::format("nested deeper than {} levels", limits_.depth_max)}};
  }
  [[noreturn]] void RefuseNumber(std::size_t offset) const {
    throw Stop{{offset, fmt::format("more than {} values", limits_.nodes_max)}};
  }

  void Place(Node node, std::size_t height) {
    if (++nodes_ > limits_.nodes_max) RefuseNumber(node.offset);
    if (open_.empty()) {
      parsed_.root = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    parent.height = std::max(parent.height, height + 1);
    if (parent.node.kind == Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      const auto [at, is_new] = parent.seen.emplace(node.text, node.offset);
      if (!is_new) {
        const rules::Place first = source_.PlaceOf(at->second);
        parsed_.mistakes.push_back({node.offset, fmt::format("key \"{}\" twice; first in line {}, "
                                                             "column {}",
                                                             node.text, first.line, first.column)});
      }
      parent.key = std::move(node.text);
      parent.key_offset = node.offset;
    } else {
      parent.node.members.push_back({std::move(*parent.key), parent.key_offset, std::move(node)});
      parent.key.reset();
    }
  }

  static constexpr std::size_t kShownNumberBytes = 40;

  const SourceText& source_;
  const Limits& limits_;
  const Accept accept_;
  Parsed parsed_;
  std::vector<OpenNode> open_;
  std::unordered_map<std::string, Anchored> anchors_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
  std::size_t copied_bytes_ = 0;
  Characters characters_;
};

// libyaml's objects, freed at the end of a scope.
class Parser {
 public:
  explicit Parser(std::string_view text) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  yaml_parser_t* get() { return &parser_; }

 private:
  yaml_parser_t parser_;
};

class Event {
 public:
  explicit Event(Parser& parser) : is_good_(yaml_parser_parse(parser.get(), &event_) != 0) {}
  ~Event() {
    if (is_good_) yaml_event_delete(&event_);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool is_good() const { return is_good_; }
  const yaml_event_t& get() const { return event_; }

 private:
  yaml_event_t event_;
  bool is_good_;
};

// The first byte that no YAML may have, and what it is.
std::optional<Mistake> FindBadByte(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
      return Mistake{at, fmt::format("a control character, U+{:04X}", byte)};
    }
  }
  if (utf8::IsValid(text)) return std::nullopt;
  std::size_t bad = 0;
  while (bad < text.size()) {
    const utf8::Decoded next = utf8::Decode(text.substr(bad));
    if (!next.valid) break;
    bad += next.bytes;
  }
  return Mistake{bad, "a byte that is no UTF-8"};
}

// Lines in front of a mistake that are looked through for its cause.
constexpr std::size_t kLinesBackMax = 40;

bool HasOpenQuote(std::string_view line) {
  bool is_open = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      is_open = !is_open;
    }
  }
  return is_open;
}

// What its author may have meant, since the library says what it did not find. Empty: no idea.
std::string Hint(const SourceText& source, std::size_t offset, std::string_view problem) {
  const Place place = source.PlaceOf(offset);
  const std::string_view line = source.Line(place.line);
  const std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
  if (indent.find('\t') != indent.npos || source.text().substr(offset, 1) == "\t") {
    return "; a tab stands here: indent with blanks";
  }
  if (problem.find("mapping values are not allowed") != problem.npos) {
    return "; quote a text that holds \": \", begin an entry of a list with \"- \", and let lines "
           "that "
           "belong together begin in one column";
  }
  if (problem.find("unknown escape") != problem.npos) {
    return "; in double quotes a backslash is written \\\\, in single quotes as it is";
  }
  if (problem.find("did not find expected") == problem.npos) return {};
  for (std::size_t back = 0; back < kLinesBackMax && back < place.line; ++back) {
    if (!HasOpenQuote(source.Line(place.line - back))) continue;
    return fmt::format("; is the quote in line {} closed?", place.line - back);
  }
  return "; is a line indented otherwise than those beside it?";
}

// What the library found wrong, and in what.
Mistake SyntaxMistake(const SourceText& source, const yaml_parser_t& parser) {
  if (parser.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
  Mistake mistake;
  mistake.message = fmt::format("no YAML: {}", parser.problem == nullptr ? "" : parser.problem);
  if (parser.error == YAML_READER_ERROR) {
    mistake.offset = parser.problem_offset;
    return mistake;
  }
  Characters characters(source.text());
  mistake.offset = characters.OffsetOf(parser.problem_mark.index);
  if (parser.context != nullptr) {
    const rules::Place begin = source.PlaceOf(characters.OffsetOf(parser.context_mark.index));
    mistake.message += fmt::format(" {} that begins in line {}, column {}", parser.context,
                                   begin.line, begin.column);
  }
  mistake.message += Hint(source, mistake.offset, mistake.message);
  return mistake;
}

}  // namespace

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kNull: return "nothing";
    case Kind::kBool: return "true or false";
    case Kind::kInt: return "a whole number";
    case Kind::kDouble: return "a number";
    case Kind::kText: return "text";
    case Kind::kList: return "a list";
    case Kind::kMap: return "a mapping";
  }
  __builtin_unreachable();
}

const Node* Node::Find(std::string_view name) const {
  for (const Member& member : members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

Parsed Parse(const SourceText& source, const Limits& limits, Accept accept) {
  Parsed failed;
  const std::string_view text = source.text();
  if (text.size() > limits.bytes_max) {
    failed.mistakes.push_back(
        {0, fmt::format("{} bytes, more than {}", text.size(), limits.bytes_max)});
    return failed;
  }
  if (std::optional<Mistake> bad = FindBadByte(text)) {
    failed.mistakes.push_back(std::move(*bad));
    return failed;
  }
  Parser parser(text);
  Builder builder(source, limits, accept);
  std::optional<Mistake> wrong;
  try {
    bool ended = false;
    while (!ended) {
      const Event event(parser);
      if (!event.is_good()) {
        wrong = SyntaxMistake(source, *parser.get());
        break;
      }
      builder.Handle(event.get());
      ended = event.get().type == YAML_STREAM_END_EVENT;
    }
  } catch (Stop& stop) {
    wrong = std::move(stop.mistake);
  }
  Parsed parsed = std::move(builder).Take();
  if (wrong) {
    wrong->offset = std::min(wrong->offset, text.size());
    parsed.mistakes.push_back(std::move(*wrong));
  }
  return parsed;
}

}  // namespace insightd::rules::yaml
