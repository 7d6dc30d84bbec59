#include "rules/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "rules/inputs/lines.h"
#include "rules/member_path.h"

namespace insightd::rules {
namespace {

using cel::Value;

constexpr std::uint64_t kPayload = 0x00ff'ffff'ffff'ffff;

bool IsPlainName(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

void AppendName(std::string& at, std::string_view name) {
  if (!IsPlainName(name)) {
    std::string quoted(name);
    for (char& c : quoted) {
      if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    }
    at += fmt::format("[\"{}\"]", quoted);
    return;
  }
  if (!at.empty()) at += '.';
  at += name;
}

void AppendIndex(std::string& at, std::size_t index) { at += fmt::format("[{}]", index); }

// The way from the root to the value, or to the member with the name, at `index` of the tape.
std::string PathTo(json::Value root, std::uint32_t index) {
  std::string path;
  json::Value at = root;
  while (at.index() != index && (at.is_object() || at.is_array())) {
    const bool is_object = at.is_object();
    const std::uint32_t end = at.NextIndex() - 1;
    std::uint32_t next = at.index() + 1;
    bool is_found = false;
    for (std::size_t count = 0; next < end && !is_found; ++count) {
      const json::Value name(at.tape(), next);
      const json::Value child(at.tape(), is_object ? next + 1 : next);
      next = child.NextIndex();
      if (index >= next) continue;
      is_found = true;
      if (is_object) {
        AppendName(path, name.AsString());
        if (name.index() == index) return path;
      } else {
        AppendIndex(path, count);
      }
      at = child;
    }
    if (!is_found) break;
  }
  return path;
}

// The number of the line that holds `at`, from 1, and the line.
std::pair<std::size_t, std::string_view> LineAt(std::string_view text, const char* at) {
  std::size_t number = 1;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = TakeLine(rest);
    if (at < (rest.empty() ? text.data() + text.size() : rest.data())) return {number, line};
    ++number;
  }
  return {number, {}};
}

// One step down, as CEL's `[]` and `get` go it; to null when there is nothing.
void Step(const Value& key, Value& at, std::string& path) {
  if (at.is_list()) {
    Value index = key;
    if (key.is_string()) index = Value::Int(MakeStep(key.AsString()).index);
    const double number = index.NumberOr(-1);
    if (number < 0 || number >= static_cast<double>(cel::ListSize(at))) {
      path += fmt::format("[{}]", number < 0 ? key.StringOr("?") : cel::ToJson(index));
      at = {};
      return;
    }
    AppendIndex(path, static_cast<std::size_t>(number));
    at = cel::ListAt(at, static_cast<std::size_t>(number));
    return;
  }
  AppendName(path, key.is_string() ? std::string(key.AsString()) : cel::ToJson(key));
  Value found;
  if (!at.is_map() || !cel::MapFind(at, key, found)) found = {};
  at = found;
}

}  // namespace

Places::Places(const Facts& facts) {
  for (std::size_t i = 0; i < facts.parsed_count(); ++i) {
    const Facts::ParsedFile file = facts.parsed(i);
    const char* begin = reinterpret_cast<const char*>(file.document.tape() - 1);
    ranges_.push_back({begin, begin + file.document.bytes(), file.member, &file.document});
  }
  for (const Facts::TextFile& file : facts.texts()) {
    ranges_.push_back(
        {file.text.data(), file.text.data() + file.text.size(), file.member, nullptr});
  }
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& a, const Range& b) { return std::less<>()(a.begin, b.begin); });
  const auto members = static_cast<std::uint32_t>(facts.tree().members().size());
  for (std::uint32_t member = 0; member < members; ++member) {
    const Value document = facts.DocumentOf(member);
    if (document.form() == Value::Form::kArray) {
      RegisterMade(member, document, "", static_cast<int>(json::kDepthMax));
    }
  }
}

void Places::RegisterMade(std::uint32_t member, const Value& value, const std::string& at,
                          int depth) {
  if (depth == 0) return;
  if (value.is_string()) {
    if (!value.AsString().empty()) made_.emplace(value.AsString().data(), Made{member, at});
  } else if (value.is_map()) {
    made_.emplace(value.AsTable(), Made{member, at});
    Value key, child;
    for (cel::MapCursor cursor(value); cursor.Next(key, child);) {
      std::string below = at;
      AppendName(below, key.StringOr(""));
      RegisterMade(member, child, below, depth - 1);
    }
  } else if (value.is_list()) {
    made_.emplace(value.AsArray(), Made{member, at});
    for (std::uint32_t i = 0; i < value.array_size(); ++i) {
      std::string below = at;
      AppendIndex(below, i);
      RegisterMade(member, value.AsArray()[i], below, depth - 1);
    }
  }
}

const Places::Range* Places::RangeOf(const void* address) const {
  const char* at = static_cast<const char*>(address);
  auto range =
      std::upper_bound(ranges_.begin(), ranges_.end(), at,
                       [](const char* a, const Range& b) { return std::less<>()(a, b.begin); });
  if (range == ranges_.begin()) return nullptr;
  --range;
  return std::less<>()(at, range->end) ? &*range : nullptr;
}

FoundPlace Places::InText(const Range& range, const char* address) const {
  const std::string_view text(range.begin, static_cast<std::size_t>(range.end - range.begin));
  const auto [number, line] = LineAt(text, address);
  return {range.member, fmt::format("line {}", number), Value::String(line), false};
}

std::optional<FoundPlace> Places::TextInDocument(const Range& range, std::string_view text) {
  const std::uint64_t* tape = range.document->tape();
  const char* texts = reinterpret_cast<const char*>(tape) + tape[-1];
  if (text.data() - sizeof(std::uint32_t) < texts) return std::nullopt;
  const auto offset = static_cast<std::uint64_t>(text.data() - sizeof(std::uint32_t) - texts);
  const json::Value root = range.document->root();
  const std::uint32_t end = root.NextIndex();
  for (std::uint32_t at = root.index(); at < end && words_left_ > 0; --words_left_) {
    switch (static_cast<char>(tape[at] >> 56)) {
      case 'l':
      case 'u':
      case 'd': at += 2; break;
      case '"':
        if ((tape[at] & kPayload) == offset) {
          return FoundPlace{range.member, PathTo(root, at), Value::String(text), false};
        }
        ++at;
        break;
      default: ++at;
    }
  }
  return std::nullopt;
}

std::optional<FoundPlace> Places::Of(const Value& value) {
  const void* address = nullptr;
  if (value.is_string()) {
    // Of empty texts not all have an address.
    address = value.AsString().data();
  } else if (value.is_json()) {
    address = value.AsJson().tape();
  } else if (value.form() == Value::Form::kOverlay) {
    address = value.AsOverlay()->object.tape();
  } else if (value.form() == Value::Form::kArray) {
    address = value.is_map() ? static_cast<const void*>(value.AsTable()) : value.AsArray();
  } else if (value.form() == Value::Form::kHost && value.is_map()) {
    const auto* lines = dynamic_cast<const LinesFile*>(value.AsHostMap());
    if (lines == nullptr) return std::nullopt;
    const Range* range = RangeOf(lines->text().data());
    if (range == nullptr) return std::nullopt;
    return FoundPlace{range->member, "", Value::String(lines->text()), false};
  }
  if (address == nullptr) return std::nullopt;
  if (const auto made = made_.find(address); made != made_.end()) {
    return FoundPlace{made->second.member, made->second.at, value, false};
  }
  const Range* range = RangeOf(address);
  if (range == nullptr) {
    // Samples, hits of grep and text files are maps that were made of a text.
    Value part;
    if (value.is_map() && value.form() == Value::Form::kArray) {
      for (const std::string_view name : {"line", "name", "text"}) {
        if (!cel::MapFind(value, name, part) || !part.is_string()) continue;
        const Range* of_part = RangeOf(part.AsString().data());
        if (of_part != nullptr && of_part->document == nullptr) {
          return InText(*of_part, part.AsString().data());
        }
      }
    }
    return std::nullopt;
  }
  if (range->document == nullptr) {
    const std::string_view text = value.AsString();
    const auto rest = static_cast<std::size_t>(range->end - text.data());
    const bool has_lines = text.find_first_of("\r\n") != text.npos;
    if (has_lines || (rest <= text.size() + 2 && text.data() == range->begin)) {
      return FoundPlace{range->member, "", value, false};
    }
    return InText(*range, text.data());
  }
  if (value.is_string()) return TextInDocument(*range, value.AsString());
  const json::Value place = value.is_json() ? value.AsJson() : value.AsOverlay()->object;
  return FoundPlace{range->member, PathTo(range->document->root(), place.index()), value, false};
}

std::optional<FoundPlace> Places::Below(const Value& base, std::span<const Value> keys) {
  std::optional<FoundPlace> found = Of(base);
  if (keys.empty()) return found;
  if (!found) {
    // What a rule has made may hold what it has read.
    Value part = base;
    std::string way;
    Step(keys[0], part, way);
    return part.is_null() ? std::nullopt : Below(part, keys.subspan(1));
  }
  // A line is all there is of a sample.
  const bool is_text = base.form() == Value::Form::kHost ||
                       (base.form() == Value::Form::kArray && found->at.starts_with("line "));
  if (is_text) return found;
  // `_path` and `_name` are no part of a file.
  if (found->at.empty() && keys[0].StringOr("").starts_with('_') &&
      (keys[0].AsString() == "_path" || keys[0].AsString() == "_name")) {
    return std::nullopt;
  }
  Value at = base;
  for (const Value& key : keys) Step(key, at, found->at);
  found->value = at;
  found->is_absent = at.is_null();
  return found;
}

}  // namespace insightd::rules
