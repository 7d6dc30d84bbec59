#include "rules/details.h"

#include <algorithm>
#include <vector>

#include "base/json.h"
#include "base/json_writer.h"

namespace insightd::rules {
namespace {

using Evaluate = std::function<cel::Value(const Expression&)>;
using Failed = std::function<void(const Expression&, const cel::Value&)>;

// Takes the least that the value needs as JSON from `left`; false when there is not as much.
bool FitsJson(const cel::Value& value, std::uint64_t& left) {
  const auto take = [&](std::uint64_t bytes) {
    if (bytes > left) return false;
    left -= bytes;
    return true;
  };
  if (value.is_list()) {
    cel::Value element;
    for (cel::ListCursor cursor(value); cursor.Next(element);) {
      if (!take(1) || !FitsJson(element, left)) return false;
    }
    return take(1);
  }
  if (value.is_map()) {
    cel::Value key, member;
    for (cel::MapCursor cursor(value); cursor.Next(key, member);) {
      if (!take(2) || !FitsJson(key, left) || !FitsJson(member, left)) return false;
    }
    return take(1);
  }
  if (value.is_optional())
    return value.AsOptional() == nullptr || FitsJson(*value.AsOptional(), left);
  return take(value.is_string() || value.is_bytes() ? 2 + value.AsString().size() : 1);
}

// An error of what is too large to be written.
const cel::ErrorInfo kTooLarge = {
    "as JSON the details take more bytes than ",
    cel::Value::Int(static_cast<std::int64_t>(kDetailsWrittenBytesMax)), cel::ErrorKind::kLimit, 0,
    0};

// False when the node gave nothing.
bool Write(const DetailNode& node, const Evaluate& evaluate, const Failed& failed,
           std::string& out) {
  switch (node.kind) {
    case DetailNode::Kind::kLiteral: out += node.literal; return true;
    case DetailNode::Kind::kExpression: {
      const cel::Value value = evaluate(node.expression);
      if (value.is_error()) {
        failed(node.expression, value);
        return false;
      }
      std::uint64_t left =
          kDetailsWrittenBytesMax - std::min(kDetailsWrittenBytesMax, std::uint64_t{out.size()});
      if (!FitsJson(value, left)) {
        failed(node.expression, cel::Value::Error(&kTooLarge));
        return false;
      }
      cel::AppendJson(out, value);
      return true;
    }
    case DetailNode::Kind::kList: {
      out += '[';
      bool first = true;
      for (const DetailNode& child : node.children) {
        const std::size_t before = out.size();
        if (!first) out += ',';
        if (Write(child, evaluate, failed, out)) {
          first = false;
        } else {
          out.resize(before);
        }
      }
      out += ']';
      return true;
    }
    case DetailNode::Kind::kMap: {
      out += '{';
      bool first = true;
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        const std::size_t before = out.size();
        if (!first) out += ',';
        json::AppendQuoted(out, node.names[i]);
        out += ':';
        if (Write(node.children[i], evaluate, failed, out)) {
          first = false;
        } else {
          out.resize(before);
        }
      }
      out += '}';
      return true;
    }
  }
  __builtin_unreachable();
}

// A member of the details while they are cut.
struct Part {
  std::string_view name;
  std::vector<std::string> items;  // of a list
  std::string text;                // of all else
  bool is_list = false;
  std::size_t size = 0;  // as text
};

std::size_t ListSize(const std::vector<std::string>& items) {
  std::size_t size = 2 + (items.empty() ? 0 : items.size() - 1);
  for (const std::string& item : items) size += item.size();
  return size;
}

}  // namespace

std::string WriteDetails(const DetailNode& details, const Evaluate& evaluate,
                         const Failed& failed) {
  std::string out;
  Write(details, evaluate, failed, out);
  return out;
}

std::string TruncateDetails(std::string details, std::uint64_t bytes_max) {
  if (details.size() <= bytes_max) return details;
  const Result<json::Document> document = json::Parse(details);
  if (!document || !document->root().is_object()) return details;

  constexpr std::string_view kTruncated = "truncated";
  std::vector<Part> parts;
  std::size_t size = 2 + kTruncated.size() + std::string_view("\"\":true").size();
  for (const json::Member member : document->root().members()) {
    if (member.name == kTruncated) continue;
    Part part;
    part.name = member.name;
    part.is_list = member.value.is_array();
    if (part.is_list) {
      for (const json::Value item : member.value.elements()) part.items.push_back(item.ToText());
      part.size = ListSize(part.items);
    } else {
      part.text = member.value.ToText();
      part.size = part.text.size();
    }
    std::string quoted;
    json::AppendQuoted(quoted, part.name);
    size += quoted.size() + 2 + part.size;  // its colon, its comma
    parts.push_back(std::move(part));
  }
  bool was_cut = false;
  while (size > bytes_max) {
    Part* largest = nullptr;
    for (Part& part : parts) {
      if (part.is_list && !part.items.empty() && (!largest || part.size > largest->size)) {
        largest = &part;
      }
    }
    if (largest == nullptr) break;
    size -= largest->size;
    largest->items.resize(largest->items.size() / 2);
    largest->size = ListSize(largest->items);
    size += largest->size;
    was_cut = true;
  }
  if (!was_cut) return details;
  std::string out;
  json::JsonWriter writer(out);
  writer.BeginObject();
  for (const Part& part : parts) {
    writer.Key(part.name);
    if (part.is_list) {
      writer.BeginArray();
      for (const std::string& item : part.items) writer.Raw(item);
      writer.EndArray();
    } else {
      writer.Raw(part.text);
    }
  }
  writer.Key(kTruncated).Bool(true).EndObject();
  return out;
}

}  // namespace insightd::rules
