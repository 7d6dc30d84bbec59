#include "fleet/template.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/json_writer.h"

namespace insightd::fleet {
namespace {

using rules::yaml::Kind;
using rules::yaml::Node;

tl::unexpected<Error> Wrong(std::string_view what) {
  return Fail(Code::kInternal, fmt::format("template: {}", what));
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return words;
    text.remove_prefix(begin);
    words.push_back(text.substr(0, text.find(' ')));
    text.remove_prefix(words.back().size());
  }
}

std::int64_t NumberOf(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "90m", "12h", "3d", "20s".
microseconds SpanOf(std::string_view text) {
  const std::int64_t number = NumberOf(text);
  switch (text.empty() ? 's' : text.back()) {
    case 'm': return std::chrono::minutes(number);
    case 'h': return std::chrono::hours(number);
    case 'd': return std::chrono::hours(24 * number);
    default: return seconds(number);
  }
}

// Letters and digits that Kubernetes uses in the tails of generated names.
constexpr std::string_view kNameLetters = "bcdfghjklmnpqrstvwxz2456789";

std::string RandomWord(Random& random, std::int64_t letters) {
  std::string word(static_cast<std::size_t>(letters), ' ');
  for (char& c : word) c = kNameLetters[random.Below(kNameLetters.size())];
  return word;
}

std::string RandomUuid(Random& random) {
  std::string uuid = random.Hex(32);
  uuid[12] = '4';
  uuid[16] = "89ab"[random.Below(4)];
  for (const std::size_t at : {20UL, 16UL, 12UL, 8UL}) uuid.insert(at, 1, '-');
  return uuid;
}

// "0829 10:11:12.123456", as klog has it; `journal` "Aug 29 10:11:12.123456".
std::string LogTime(Time time, bool journal) {
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string text = FormatTime(time);  // 2026-08-01T10:00:00.123456Z
  const auto month = static_cast<std::size_t>(NumberOf(std::string_view(text).substr(5, 2)));
  const std::string day = text.substr(8, 2);
  const std::string clock = text.substr(11, 15);
  return journal ? fmt::format("{} {} {}", kMonths[month - 1], day, clock)
                 : fmt::format("{}{} {}", text.substr(5, 2), day, clock);
}

}  // namespace

const Fact* Filler::Lookup(std::string_view path) const {
  const std::string_view name = path.substr(0, path.find('.'));
  const Fact* fact = nullptr;
  for (auto local = locals_.rbegin(); local != locals_.rend() && fact == nullptr; ++local) {
    if (local->name == name) fact = local->fact;
  }
  if (fact == nullptr) fact = facts_.Find(name);
  path.remove_prefix(std::min(path.size(), name.size() + 1));
  while (fact != nullptr && !path.empty()) {
    const std::string_view part = path.substr(0, path.find('.'));
    fact = fact->Find(part);
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return fact;
}

Time Filler::Before(std::string_view from, std::string_view to) {
  const microseconds least = SpanOf(from);
  if (to.empty()) return now_ - least;
  const microseconds most = std::max(SpanOf(to), least + microseconds(1));
  const auto span = static_cast<std::uint64_t>((most - least).count());
  return now_ - least - microseconds(random_.Below(span));
}

Result<void> Filler::Hole(std::string_view hole, std::string& out) {
  const std::vector<std::string_view> words = Words(hole);
  if (words.empty()) return Wrong("an empty hole");
  const std::string_view name = words[0];
  const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : std::string_view(); };
  if (words.size() == 1) {
    if (const Fact* const fact = Lookup(name)) {
      out += fact->Shown();
      return {};
    }
  }
  if (name == "uuid") {
    out += RandomUuid(random_);
  } else if (name == "hex") {
    out += random_.Hex(static_cast<std::size_t>(NumberOf(word(1))));
  } else if (name == "digest") {
    out += "sha256:" + random_.Hex(64);
  } else if (name == "word") {
    out += RandomWord(random_, NumberOf(word(1)));
  } else if (name == "int") {
    const std::int64_t least = NumberOf(word(1));
    const auto span = static_cast<std::uint64_t>(NumberOf(word(2)) - least + 1);
    json::AppendInt(out, least + static_cast<std::int64_t>(random_.Below(span)));
  } else if (name == "pick") {
    if (words.size() < 2) return Wrong("pick of nothing");
    out += words[1 + random_.Below(words.size() - 1)];
  } else if (name == "one_of") {
    const Fact* const list = Lookup(word(1));
    if (list == nullptr || list->list().empty()) return Wrong(fmt::format("no list {}", hole));
    out += list->list()[random_.Below(list->list().size())].Shown();
  } else if (name == "ago") {
    out += FormatTimeSeconds(Before(word(1), word(2)));
  } else if (name == "ahead") {
    out += FormatTimeSeconds(now_ + SpanOf(word(1)));
  } else if (name == "past") {
    const auto span =
        std::max<std::int64_t>(1, (now_ - std::chrono::hours(24) - installed_).count());
    out += FormatTimeSeconds(installed_ +
                             microseconds(random_.Below(static_cast<std::uint64_t>(span))));
  } else if (name == "log_time") {
    out += FormatTime(Before("1s", word(1)));
  } else if (name == "klog_time") {
    out += LogTime(Before("1s", word(1)), false);
  } else if (name == "journal_time") {
    out += LogTime(Before("1s", word(1)), true);
  } else if (name == "epoch_ms") {
    json::AppendInt(out, now_.time_since_epoch().count() / 1000);
  } else {
    return Wrong(fmt::format("nothing is called {}", hole));
  }
  return {};
}

Result<void> Filler::Text(std::string_view text, std::string& out) {
  while (true) {
    const std::size_t begin = text.find("${");
    out += text.substr(0, begin);
    if (begin == std::string_view::npos) return {};
    const std::size_t end = text.find('}', begin);
    if (end == std::string_view::npos) return Wrong("a hole that does not end");
    if (auto filled = Hole(text.substr(begin + 2, end - begin - 2), out); !filled) return filled;
    text.remove_prefix(end + 1);
  }
}

Result<void> Filler::JsonText(const std::string& text, std::string& out) {
  if (text.find("${") == std::string::npos) {
    json::AppendQuoted(out, text);
    return {};
  }
  std::string filled;
  if (auto done = Text(text, filled); !done) return done;
  // A number stays a number when it is all there is.
  if (text.starts_with("${") && text.find('}') == text.size() - 1) {
    const std::string_view hole = std::string_view(text).substr(2, text.size() - 3);
    const Fact* const fact = Lookup(hole);
    const bool is_number = (fact != nullptr && fact->kind() == Fact::Kind::kNumber) ||
                           hole.starts_with("int ") || hole == "epoch_ms";
    if (is_number) {
      out += filled;
      return {};
    }
  }
  json::AppendQuoted(out, filled);
  return {};
}

Result<bool> Filler::Holds(const Node& when) {
  for (const rules::yaml::Member& condition : when.members) {
    const Fact* const fact = Lookup(condition.name);
    if (fact == nullptr) return Wrong(fmt::format("$when: no fact {}", condition.name));
    const Node& wanted = condition.value;
    bool holds = false;
    if (wanted.kind == Kind::kList) {
      holds = std::any_of(wanted.items.begin(), wanted.items.end(),
                          [&](const Node& item) { return item.text == fact->Shown(); });
    } else if (wanted.kind == Kind::kMap) {
      const Node* const from = wanted.Find("from");
      const Node* const to = wanted.Find("to");
      const std::int64_t number = fact->kind() == Fact::Kind::kList
                                      ? static_cast<std::int64_t>(fact->list().size())
                                      : fact->number();
      holds =
          (from == nullptr || number >= from->integer) && (to == nullptr || number <= to->integer);
    } else {
      holds = wanted.text == fact->Shown();
    }
    if (!holds) return false;
  }
  return true;
}

Result<std::vector<Fact>> Filler::Items(const Node& each) {
  std::vector<Fact> items;
  if (each.kind == Kind::kList) {
    for (const Node& item : each.items) {
      if (item.kind != Kind::kMap) {
        items.push_back(item.kind == Kind::kInt ? Fact(item.integer) : Fact(item.text));
        continue;
      }
      Fact named;
      for (const rules::yaml::Member& member : item.members) {
        named[member.name] =
            member.value.kind == Kind::kInt ? Fact(member.value.integer) : Fact(member.value.text);
      }
      items.push_back(std::move(named));
    }
    return items;
  }
  std::int64_t count = each.integer;
  if (each.kind != Kind::kInt) {
    if (const Fact* const fact = Lookup(each.text)) {
      if (fact->kind() == Fact::Kind::kList) return fact->list();
      count = fact->number();
    } else {
      std::string filled;
      if (auto done = Text(each.text, filled); !done) return Fail(done.error());
      count = NumberOf(filled);
    }
  }
  for (std::int64_t i = 0; i < count; ++i) items.emplace_back(i);
  return items;
}

// Members of a map or elements of a list, one or more for each item.
Result<void> Filler::Repeat(const Node& node, std::string& out, bool& first) {
  const Node* const as = node.Find("$as");
  const Node* const key = node.Find("$key");
  const Node* const value = node.Find("$value");
  if (value == nullptr) return Wrong("$each without $value");
  auto items = Items(*node.Find("$each"));
  if (!items) return Fail(items.error());
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Fact index(static_cast<std::int64_t>(i));
    Push(as == nullptr ? "it" : as->text, &(*items)[i]);
    Push("index", &index);
    if (!first) out += ',';
    first = false;
    Result<void> done;
    if (key != nullptr) {
      std::string name;
      done = Text(key->text, name);
      json::AppendQuoted(out, name);
      out += ':';
    }
    if (done) done = Json(*value, out);
    Pop();
    Pop();
    if (!done) return done;
  }
  return {};
}

Result<void> Filler::JsonList(const Node& node, std::string& out) {
  out += '[';
  bool first = true;
  for (const Node& item : node.items) {
    if (item.kind == Kind::kMap) {
      if (const Node* const when = item.Find("$when")) {
        const auto holds = Holds(*when);
        if (!holds) return Fail(holds.error());
        if (!*holds) continue;
      }
      if (item.Find("$each") != nullptr) {
        if (auto done = Repeat(item, out, first); !done) return done;
        continue;
      }
    }
    if (!first) out += ',';
    first = false;
    if (auto done = Json(item, out); !done) return done;
  }
  out += ']';
  return {};
}

Result<void> Filler::JsonMap(const Node& node, std::string& out) {
  if (const Node* const value = node.Find("$value"); value != nullptr && !node.Find("$each")) {
    return Json(*value, out);
  }
  out += '{';
  bool first = true;
  if (node.Find("$each") != nullptr) {
    if (auto done = Repeat(node, out, first); !done) return done;
    out += '}';
    return {};
  }
  for (const rules::yaml::Member& member : node.members) {
    if (member.name == "$when") continue;
    if (member.value.kind == Kind::kMap) {
      if (const Node* const when = member.value.Find("$when")) {
        const auto holds = Holds(*when);
        if (!holds) return Fail(holds.error());
        if (!*holds) continue;
      }
    }
    if (!first) out += ',';
    first = false;
    std::string name;
    if (auto done = Text(member.name, name); !done) return done;
    json::AppendQuoted(out, name);
    out += ':';
    if (auto done = Json(member.value, out); !done) return done;
  }
  out += '}';
  return {};
}

Result<void> Filler::Json(const Node& node, std::string& out) {
  switch (node.kind) {
    case Kind::kNull: out += "null"; return {};
    case Kind::kBool: out += node.boolean ? "true" : "false"; return {};
    case Kind::kInt: json::AppendInt(out, node.integer); return {};
    case Kind::kDouble: json::AppendDouble(out, node.number); return {};
    case Kind::kText: return JsonText(node.text, out);
    case Kind::kList: return JsonList(node, out);
    case Kind::kMap: return JsonMap(node, out);
  }
  __builtin_unreachable();
}

}  // namespace insightd::fleet
