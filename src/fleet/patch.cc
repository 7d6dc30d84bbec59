#include "fleet/patch.h"

#include <fmt/core.h>

#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json_writer.h"

namespace insightd::fleet {
namespace {

using json::Value;

bool NamesElements(Value patch) {
  if (!patch.is_object() || patch.empty()) return false;
  return (*patch.members().begin()).name.starts_with('[');
}

// Which elements the name in brackets means.
struct Chosen {
  enum class How : std::uint8_t { kByMember, kByPlace, kAll, kNew };
  How how = How::kByPlace;
  std::string_view member;
  std::string_view text;
  std::size_t place = 0;

  bool Fits(Value element, std::size_t at) const {
    switch (how) {
      case How::kByMember: return element[member].StringOr("") == text;
      case How::kByPlace: return at == place;
      case How::kAll: return true;
      case How::kNew: return false;
    }
    __builtin_unreachable();
  }
};

std::optional<Chosen> Choose(std::string_view name) {
  if (name.size() < 3 || !name.starts_with('[') || !name.ends_with(']')) return std::nullopt;
  name = name.substr(1, name.size() - 2);
  Chosen chosen;
  if (name == "*" || name == "+") {
    chosen.how = name == "*" ? Chosen::How::kAll : Chosen::How::kNew;
  } else if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
    chosen.how = Chosen::How::kByMember;
    chosen.member = name.substr(0, equals);
    chosen.text = name.substr(equals + 1);
  } else if (std::from_chars(name.data(), name.data() + name.size(), chosen.place).ec !=
             std::errc()) {
    return std::nullopt;
  }
  return chosen;
}

// Changes one after the other; each sees what the ones before it left.
Result<void> PatchList(Value list, Value patch, std::string& out) {
  std::vector<std::string> elements;
  for (const Value element : list.elements()) elements.push_back(element.ToText());
  for (const json::Member& change : patch.members()) {
    const std::optional<Chosen> chosen = Choose(change.name);
    if (!chosen) {
      return Fail(Code::kInternal, fmt::format("patch: {} names no element", change.name));
    }
    bool found = false;
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const auto element = json::Parse(elements[i]);
      if (!element) return Fail(element.error());
      if (!chosen->Fits(element->root(), i)) continue;
      found = true;
      std::string patched;
      if (auto done = AppendPatched(element->root(), change.value, patched); !done) return done;
      elements[i] = std::move(patched);
    }
    if (found || chosen->how == Chosen::How::kAll) continue;
    if (chosen->how == Chosen::How::kByPlace) {
      return Fail(Code::kInternal, fmt::format("patch: there is no {}", change.name));
    }
    std::string added;
    if (chosen->how == Chosen::How::kByMember) {
      json::JsonWriter(added).BeginObject().Key(chosen->member).String(chosen->text).EndObject();
    }
    const auto base = json::Parse(added.empty() ? "{}" : added);
    added.clear();
    if (auto done = AppendPatched(base->root(), change.value, added); !done) return done;
    elements.push_back(std::move(added));
  }
  out += '[';
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (i > 0) out += ',';
    out += elements[i];
  }
  out += ']';
  return {};
}

}  // namespace

Result<void> AppendPatched(Value base, Value patch, std::string& out) {
  if (NamesElements(patch)) {
    if (base.is_array()) return PatchList(base, patch, out);
    const auto none = json::Parse("[]");
    return PatchList(none->root(), patch, out);
  }
  if (!patch.is_object()) {
    patch.AppendText(out);
    return {};
  }
  if (!base.is_object()) {  // meets nothing: as if there was an empty one
    const auto none = json::Parse("{}");
    return AppendPatched(none->root(), patch, out);
  }
  out += '{';
  bool first = true;
  const auto begin_member = [&](std::string_view name) {
    if (!first) out += ',';
    first = false;
    json::AppendQuoted(out, name);
    out += ':';
  };
  for (const json::Member& member : base.members()) {
    const auto change = patch.Find(member.name);
    if (change && change->is_null()) continue;
    begin_member(member.name);
    if (!change) {
      member.value.AppendText(out);
    } else if (auto done = AppendPatched(member.value, *change, out); !done) {
      return done;
    }
  }
  for (const json::Member& member : patch.members()) {
    if (member.value.is_null() || base.Find(member.name)) continue;
    begin_member(member.name);
    if (auto done = AppendPatched(Value(), member.value, out); !done) return done;
  }
  out += '}';
  return {};
}

}  // namespace insightd::fleet
