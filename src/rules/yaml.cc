#include "rules/yaml.h"

#include <fmt/core.h>
#include <libfyaml.h>

#include <algorithm>
#include <cmath>
#include <memory>
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

// A character that may stand in quotes only, as JSON allows it there (YAML 1.2, 5.1).
bool IsForQuotesOnly(std::uint32_t code_point) {
  return code_point == 0x7F || (code_point >= 0x80 && code_point < 0xA0 && code_point != 0x85) ||
         code_point == 0xFFFE || code_point == 0xFFFF;
}

// Builds the tree from libfyaml's events.
class Builder {
 public:
  Builder(const SourceText& source, const Limits& limits, Accept accept)
      : source_(source), limits_(limits), accept_(accept) {}

  Parsed Take() && { return std::move(parsed_); }

  void Handle(fy_event& event) {
    // Set for what has a token of its own.
    const fy_mark* const begin = fy_event_start_mark(&event);
    const fy_mark* const end = fy_event_end_mark(&event);
    switch (event.type) {
      case FYET_DOCUMENT_START:
        if (++documents_ > 1) {
          throw Stop{
              {begin != nullptr ? begin->input_pos : end_, "a second document; a file holds one"}};
        }
        break;
      case FYET_SCALAR: OnScalar(event.scalar, begin); break;
      case FYET_ALIAS: OnAlias(event.alias, begin); break;
      case FYET_SEQUENCE_START: {
        const auto& start = event.sequence_start;
        Open(Kind::kList, "seq", start.tag, start.anchor, begin);
        break;
      }
      case FYET_MAPPING_START: {
        const auto& start = event.mapping_start;
        Open(Kind::kMap, "map", start.tag, start.anchor, begin);
        break;
      }
      case FYET_SEQUENCE_END:
      case FYET_MAPPING_END: Close(); break;
      default: break;
    }
    if (end != nullptr) end_ = std::max(end_, end->input_pos);
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

  static std::string_view TextOf(fy_token* token) {
    std::size_t size = 0;
    const char* text = token == nullptr ? nullptr : fy_token_get_text(token, &size);
    return text == nullptr ? std::string_view() : std::string_view(text, size);
  }

  char At(std::size_t offset) const {
    return offset < source_.text().size() ? source_.text()[offset] : '\0';
  }

  std::string AnchorOf(fy_token* anchor, std::size_t offset) const {
    if (anchor == nullptr) return {};
    if (accept_ == Accept::kPlainTree) {
      const fy_mark* mark = fy_token_start_mark(anchor);
      const std::size_t at = mark == nullptr ? offset : mark->input_pos;
      throw Stop{
          {at > 0 && At(at - 1) == '&' ? at - 1 : at, "an anchor; there are no aliases here"}};
    }
    return std::string(TextOf(anchor));
  }

  void OnScalar(const fy_event_scalar_data& scalar, const fy_mark* begin) {
    Node node;
    node.kind = Kind::kText;
    node.text = TextOf(scalar.value);
    const bool is_written = scalar.value != nullptr && begin != nullptr;
    if (is_written) {
      SetStyle(node, fy_token_scalar_style(scalar.value), begin->input_pos);
    } else {
      // A value that is left out stands at its key.
      const bool has_key = !open_.empty() && open_.back().key;
      node.offset = std::min(has_key ? open_.back().key_offset : end_, source_.text().size());
    }
    const std::string anchor = AnchorOf(scalar.anchor, node.offset);
    const std::string_view tag = TextOf(scalar.tag);
    if (tag.empty() ? node.style == Style::kPlain : !IsKnownTag(tag, node.offset)) {
      // A tag of somebody's own is passed over, and the value is what it looks like.
      if (node.style == Style::kPlain) Resolve(node);
    } else if (!tag.empty() && tag != "!") {
      ResolveTag(node, tag);
    }
    Remember(anchor, node, 1);
    Place(std::move(node), 1);
  }

  void SetStyle(Node& node, fy_scalar_style style, std::size_t begin) const {
    node.offset = begin;
    switch (style) {
      case FYSS_SINGLE_QUOTED:
      case FYSS_DOUBLE_QUOTED:
        node.style = style == FYSS_SINGLE_QUOTED ? Style::kSingleQuoted : Style::kDoubleQuoted;
        --node.offset;  // the token begins behind the quote
        return;
      case FYSS_LITERAL:
      case FYSS_FOLDED:
        node.style = style == FYSS_LITERAL ? Style::kLiteral : Style::kFolded;
        node.offset = BlockHeader(style == FYSS_LITERAL ? '|' : '>', begin);
        break;
      default: node.style = Style::kPlain; break;
    }
    for (std::string_view rest = node.text; !rest.empty();) {
      const utf8::Decoded next = utf8::Decode(rest);
      if (IsForQuotesOnly(next.code_point)) {
        throw Stop{
            {node.offset, fmt::format("U+{:04X} without quotes around it", next.code_point)}};
      }
      rest.remove_prefix(next.bytes);
    }
  }

  // The `|` or `>` before a block scalar, whose token begins in the line below.
  std::size_t BlockHeader(char indicator, std::size_t begin) const {
    const std::string_view text = source_.text().substr(0, begin);
    for (std::size_t at = end_; (at = text.find(indicator, at)) != text.npos; ++at) {
      std::size_t behind = at + 1;
      while (At(behind) == '+' || At(behind) == '-' || (At(behind) >= '0' && At(behind) <= '9')) {
        ++behind;
      }
      const char next = At(behind);
      if (next == ' ' || next == '\t' || next == '\r' || next == '\n' || next == '\0') return at;
    }
    return begin;
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

  void OnAlias(const fy_event_alias_data& alias, const fy_mark* begin) {
    std::size_t at = begin == nullptr ? end_ : begin->input_pos;
    if (at > 0 && At(at - 1) == '*') --at;
    if (accept_ == Accept::kPlainTree) throw Stop{{at, "an alias; write the value out"}};
    const std::string name(TextOf(alias.anchor));
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

  void Open(Kind kind, std::string_view core_name, fy_token* tag, fy_token* anchor,
            const fy_mark* begin) {
    OpenNode open;
    open.node.kind = kind;
    open.node.offset = begin == nullptr ? end_ : begin->input_pos;
    open.anchor = AnchorOf(anchor, open.node.offset);
    const std::string_view tag_text = TextOf(tag);
    if (!tag_text.empty() && IsKnownTag(tag_text, open.node.offset) && tag_text != "!" &&
        tag_text.substr(kCoreTag.size()) != core_name) {
      throw Stop{
          {open.node.offset, fmt::format("tag {} at {}; leave it out", tag_text, KindName(kind))}};
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
  std::size_t end_ = 0;  // of what was read last, in the source
};

// libfyaml's objects, freed at the end of a scope.
struct Destroy {
  void operator()(fy_diag* diag) const { fy_diag_destroy(diag); }
  void operator()(fy_parser* parser) const { fy_parser_destroy(parser); }
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

// What the library found wrong; it counts lines and columns from 1.
Mistake SyntaxMistake(const SourceText& source, fy_diag* diag) {
  Mistake mistake{source.text().size(), "no YAML"};
  void* next = nullptr;
  if (const fy_diag_error* error = fy_diag_errors_iterate(diag, &next)) {
    mistake.message = fmt::format("no YAML: {}", error->msg);
    if (error->line > 0 && error->column > 0) {
      mistake.offset = source.OffsetOf(
          {static_cast<std::size_t>(error->line), static_cast<std::size_t>(error->column)});
    }
  }
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
  fy_diag_cfg diag_settings;
  fy_diag_cfg_default(&diag_settings);
  diag_settings.fp = nullptr;  // nothing on stderr
  diag_settings.level = FYET_ERROR;
  const std::unique_ptr<fy_diag, Destroy> diag(fy_diag_create(&diag_settings));
  if (diag == nullptr) throw std::bad_alloc();
  fy_diag_set_collect_errors(diag.get(), true);
  fy_parse_cfg settings = {};
  // Brackets may close at the margin, as people write them and most readers take them. Depth is
  // counted here, at events.
  settings.flags = static_cast<fy_parse_cfg_flags>(
      FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE |
      FYPCF_SLOPPY_FLOW_INDENTATION | FYPCF_DISABLE_DEPTH_LIMIT);
  settings.diag = diag.get();
  const std::unique_ptr<fy_parser, Destroy> parser(fy_parser_create(&settings));
  if (parser == nullptr || fy_parser_set_string(parser.get(), text.data(), text.size()) != 0) {
    throw std::bad_alloc();
  }
  Builder builder(source, limits, accept);
  const auto free_event = [&parser](fy_event* event) { fy_parser_event_free(parser.get(), event); };
  std::optional<Mistake> wrong;
  try {
    bool ended = false;
    while (!ended) {
      const std::unique_ptr<fy_event, decltype(free_event)> event(fy_parser_parse(parser.get()),
                                                                  free_event);
      if (event == nullptr) break;
      builder.Handle(*event);
      ended = event->type == FYET_STREAM_END;
    }
    if (!ended || fy_parser_get_stream_error(parser.get())) {
      wrong = SyntaxMistake(source, diag.get());
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
