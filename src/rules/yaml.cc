#include "rules/yaml.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "base/result.h"
#include "base/utf8.h"

namespace insightd::rules::yaml {
namespace {

// Ends the reading from inside a handler; never leaves this file.
struct Stop {
  Mistake mistake;
};

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

// Builds the tree from yaml-cpp's events.
class Builder : public YAML::EventHandler {
 public:
  Builder(const SourceText& source, const Limits& limits) : source_(source), limits_(limits) {}

  Parsed Take() && { return std::move(parsed_); }
  std::size_t documents() const { return documents_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Stop{{Offset(mark), "a second document; a file holds one"}};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.offset = Offset(mark);
    RefuseAnchor(node.offset, anchor);
    // The mark of a value that is left out is that of whatever follows.
    const std::string_view rest = source_.text().substr(node.offset);
    const bool written = rest.starts_with('~') || rest.starts_with('n') || rest.starts_with('N');
    if (!written && !open_.empty() && open_.back().key) node.offset = open_.back().key_offset;
    if (written) node.text = rest.starts_with('~') ? "~" : std::string(rest.substr(0, 4));
    Place(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Stop{{Offset(mark), "an alias; write the value out"}};
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.offset = Offset(mark);
    RefuseAnchor(node.offset, anchor);
    node.kind = Kind::kText;
    node.text = value;
    node.style = StyleAt(node.offset);
    if (tag == "?" || tag.empty()) {
      ResolvePlain(node);
    } else if (tag != "!") {
      ResolveTag(node, tag);
    }
    Place(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Kind::kList, mark, tag, "seq", anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Kind::kMap, mark, tag, "map", anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A list or map whose end has not come yet.
  struct OpenNode {
    Node node;
    std::optional<std::string> key;  // the next value's, in a map
    std::size_t key_offset = 0;
    std::unordered_map<std::string, std::size_t> seen;  // name to offset, in a map
  };

  std::size_t Offset(const YAML::Mark& mark) const {
    if (mark.is_null()) return 0;
    return std::min(source_.LineBegin(static_cast<std::size_t>(mark.line)) +
                        static_cast<std::size_t>(mark.column),
                    source_.text().size());
  }

  static void RefuseAnchor(std::size_t offset, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw Stop{{offset, "an anchor; there are no aliases here"}};
  }

  Style StyleAt(std::size_t offset) const {
    const char first = offset < source_.text().size() ? source_.text()[offset] : ' ';
    switch (first) {
      case '\'': return Style::kSingleQuoted;
      case '"': return Style::kDoubleQuoted;
      case '|': return Style::kLiteral;
      case '>': return Style::kFolded;
      default: return Style::kPlain;
    }
  }

  static void ResolveTag(Node& node, const std::string& tag) {
    if (tag == fmt::format("{}str", kCoreTag)) return;
    Node resolved = node;
    ResolvePlain(resolved);
    const std::string_view name = std::string_view(tag).starts_with(kCoreTag)
                                      ? std::string_view(tag).substr(kCoreTag.size())
                                      : std::string_view();
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

  void Open(Kind kind, const YAML::Mark& mark, const std::string& tag, std::string_view core_name,
            YAML::anchor_t anchor) {
    OpenNode open;
    open.node.kind = kind;
    open.node.offset = Offset(mark);
    RefuseAnchor(open.node.offset, anchor);
    if (!tag.empty() && tag != "?" && tag != "!" &&
        tag != fmt::format("{}{}", kCoreTag, core_name)) {
      throw Stop{{open.node.offset, fmt::format("tag {}; leave it out", tag)}};
    }
    if (IsKeyNext()) throw Stop{{open.node.offset, "a key that is a list or a mapping; use text"}};
    if (open_.size() >= limits_.depth_max) {
      throw Stop{
          {open.node.offset, fmt::format("nested deeper than {} levels", limits_.depth_max)}};
    }
    open_.push_back(std::move(open));
  }

  void Close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    Place(std::move(node));
  }

  bool IsKeyNext() const {
    return !open_.empty() && open_.back().node.kind == Kind::kMap && !open_.back().key;
  }

  void Place(Node node) {
    if (++nodes_ > limits_.nodes_max) {
      throw Stop{{node.offset, fmt::format("more than {} values", limits_.nodes_max)}};
    }
    if (open_.empty()) {
      parsed_.root = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
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

  const SourceText& source_;
  const Limits& limits_;
  Parsed parsed_;
  std::vector<OpenNode> open_;
  std::size_t documents_ = 0;
  std::size_t nodes_ = 0;
};

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

Parsed Parse(const SourceText& source, const Limits& limits) {
  Parsed failed;
  const std::string_view text = source.text();
  if (text.size() > limits.bytes_max) {
    failed.mistakes.push_back(
        {0, fmt::format("{} bytes, more than {}", text.size(), limits.bytes_max)});
    return failed;
  }
  if (!utf8::IsValid(text)) {
    std::size_t bad = 0;
    while (bad < text.size()) {
      const utf8::Decoded next = utf8::Decode(text.substr(bad));
      if (!next.valid) break;
      bad += next.bytes;
    }
    failed.mistakes.push_back({bad, "a byte that is no UTF-8"});
    return failed;
  }
  if (const std::size_t zero = text.find('\0'); zero != text.npos) {
    failed.mistakes.push_back({zero, "a zero byte"});
    return failed;
  }
  Builder builder(source, limits);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return std::move(builder).Take();
  } catch (const Stop& stop) {
    failed = std::move(builder).Take();
    failed.mistakes.push_back(stop.mistake);
  } catch (const YAML::Exception& error) {
    failed = std::move(builder).Take();
    const std::size_t offset = error.mark.is_null()
                                   ? 0
                                   : source.LineBegin(static_cast<std::size_t>(error.mark.line)) +
                                         static_cast<std::size_t>(error.mark.column);
    failed.mistakes.push_back({std::min(offset, text.size()), "no YAML: " + error.msg});
  }
  return failed;
}

}  // namespace insightd::rules::yaml
