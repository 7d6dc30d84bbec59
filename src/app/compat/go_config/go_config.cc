#include "app/compat/go_config/go_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "app/compat/go_config/file.h"
#include "app/compat/go_config/value.h"
#include "base/json_writer.h"

namespace insightd::app::go {
namespace {

using std::chrono::nanoseconds;

// Sets a target, or gives what the value would have to be.
struct Assign {
  const Value& value;

  template <class T>
  std::string_view Set(T* target, std::optional<T> taken, std::string_view kind) const {
    if (!taken) return kind;
    *target = *std::move(taken);
    return {};
  }
  std::string_view operator()(std::monostate) const { return {}; }
  std::string_view operator()(bool* target) const {
    return Set(target, ToBool(value), "true or false");
  }
  std::string_view operator()(std::int64_t* target) const {
    return Set(target, ToInteger(value), "an integer");
  }
  std::string_view operator()(std::string* target) const {
    return Set(target, ToText(value), "a text");
  }
  std::string_view operator()(nanoseconds* target) const {
    return Set(target, ToDuration(value), "a time such as 30s");
  }
};

std::string VariableFor(std::string_view prefix, std::string_view key) {
  std::string name(prefix);
  name += "__";
  for (const char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  return name;
}

struct Place {
  std::string folder;
  std::string stem;
};

// As the original takes the path apart: what stands behind the last dot of the name is not looked
// at.
Place PlaceOf(const std::string& path) {
  const std::filesystem::path whole(path);
  std::string folder = whole.parent_path().string();
  if (folder.empty()) folder = ".";
  return {std::move(folder), whole.stem().string()};
}

struct Print {
  std::string& out;

  void operator()(std::monostate) const { out += "null"; }
  void operator()(const bool* value) const { out += *value ? "true" : "false"; }
  void operator()(const std::int64_t* value) const { json::AppendInt(out, *value); }
  void operator()(const std::string* value) const { json::AppendQuoted(out, *value); }
  void operator()(const nanoseconds* value) const { json::AppendInt(out, value->count()); }
};

}  // namespace

void Table::Add(std::string_view key, Target target, std::string_view field, Shown shown) {
  const bool unused = std::holds_alternative<std::monostate>(target);
  rows_.push_back({std::string(key), target, std::string(field), shown, unused});
}

void Table::AddUnused(std::string_view key, Target target, std::string_view field, Shown shown) {
  Add(key, target, field, shown);
  rows_.back().unused = true;
}

std::string Table::Print() const {
  std::string out = "{";
  std::string section;
  for (const Row& row : rows_) {
    const std::size_t dot = row.field.find('.');
    std::string of = row.field.substr(0, dot);
    if (of != section) {
      if (!section.empty()) out += "\n    },";
      out += fmt::format("\n    \"{}\": {{", of);
      section = std::move(of);
    } else {
      out += ',';
    }
    out += fmt::format("\n        \"{}\": ", row.field.substr(dot + 1));
    const auto* const* text = std::get_if<std::string*>(&row.target);
    if (row.shown == Shown::kSecret && text != nullptr && !(*text)->empty()) {
      out += "\"(secret)\"";
    } else {
      std::visit(go::Print{out}, row.target);
    }
  }
  out += section.empty() ? "}\n" : "\n    }\n}\n";
  return out;
}

Result<Loaded> Load(const Program& program, const compat::Environment& environment, Table& table,
                    const std::string& folder) {
  Loaded loaded;
  Place place{.folder = folder, .stem = std::string(program.default_stem)};
  const std::optional<std::string> named = environment(std::string(program.file_variable));
  if (named) place = PlaceOf(*named);
  Result<ConfigurationFile> file = ReadByStem(place.folder, place.stem);
  if (!file && (named || file.error().code() != Code::kNotFound)) {
    return Fail(std::move(file).error());
  }
  const auto row_of = [&table](std::string_view key) {
    const auto found = std::ranges::find(table.rows(), key, &Table::Row::key);
    return found == table.rows().end() ? nullptr : &*found;
  };
  if (file) {
    loaded.file = file->path;
    for (const auto& [key, value] : file->values) {
      const Table::Row* row = row_of(key);
      if (row == nullptr || row->unused) loaded.unknown.push_back(key);
      if (row == nullptr) continue;
      if (const std::string_view wanted = std::visit(Assign{value}, row->target); !wanted.empty()) {
        return Fail(Code::kInvalid, fmt::format("{}: {} has to be {}", loaded.file, key, wanted));
      }
    }
  }
  std::set<std::string, std::less<>> known;
  for (const Table::Row& row : table.rows()) {
    const std::string name = VariableFor(program.prefix, row.key);
    if (!row.unused) known.insert(name);
    const std::optional<std::string> text = environment(name);
    if (!text || text->empty()) continue;
    if (const std::string_view wanted = std::visit(Assign{Value(*text)}, row.target);
        !wanted.empty()) {
      return Fail(Code::kInvalid, fmt::format("the variable {} has to be {}", name, wanted));
    }
  }
  const std::string begin = VariableFor(program.prefix, "");
  for (const std::string& name : environment.names()) {
    if (!name.starts_with(begin) || known.contains(name)) continue;
    if (const auto text = environment(name); text && !text->empty()) loaded.unknown.push_back(name);
  }
  return loaded;
}

}  // namespace insightd::app::go
