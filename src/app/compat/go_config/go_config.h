// The configuration of the services that are written in Go, as their programs read it: a file that
// is found by its stem, variables of the environment over it, and texts where numbers are meant.
//
//   go::Table table;
//   table.Add("storage.pg_port", &storage.pg_port, "Storage.PGPort");
//   const auto loaded = go::Load({.file_variable = "X_CONFIG_FILE", .prefix = "X"},
//                                compat::ProcessVariables(), table);
//
// * The file: that of the variable, by its folder and its name without the extension, else `config`
//   in the working folder. The first one there with an extension that is known is read: .json,
//   .toml, .yaml, .yml. The named one must be there; the other may be away. Where there is only one
//   of another format that these services would read (.ini, .env, .properties, …) it is refused.
// * `X__STORAGE__PG_PORT` sets `storage.pg_port`, whether the file has that key or not; an empty
//   value is as good as none.
// * Types are lenient: "true", "1" and 1 are true, "5432" is a number, 1 is the text "1". A time is
//   "30s", "5m", "1h30m"; a bare number counts nanoseconds.
// * Names of keys match whatever their case. Unknown ones, and variables that begin with `X__` and
//   name none, are listed, and no mistake.
//
// The Clowder file comes after this: see clowder.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/compat/common/environment.h"
#include "base/result.h"

namespace insightd::app::go {

struct Program {
  std::string_view file_variable;  // names the file
  std::string_view prefix;         // of variables, without the underscores behind it
  std::string_view default_stem = "config";
};

// The keys of one program, by row: where the value goes and what it is called where the whole
// configuration is printed. Targets hold the defaults and outlive the table.
class Table {
 public:
  // Nothing: a field that is printed as null and never read; given, it is listed as unknown.
  using Target =
      std::variant<std::monostate, bool*, std::int64_t*, std::string*, std::chrono::nanoseconds*>;
  enum class Shown : std::uint8_t { kYes, kSecret };

  // `key` is "section.name" in lower case, `field` "Section.Name" as it is printed; rows of one
  // section follow each other.
  void Add(std::string_view key, Target target, std::string_view field, Shown shown = Shown::kYes);
  // The same for a key that means nothing here: it is printed; given, it is listed as unknown.
  void AddUnused(std::string_view key, Target target, std::string_view field,
                 Shown shown = Shown::kYes);

  // The values now, as JSON indented by four spaces, with a line end. A secret that is set is
  // "(secret)".
  std::string Print() const;

  struct Row {
    std::string key;
    Target target;
    std::string field;
    Shown shown = Shown::kYes;
    bool unused = false;
  };
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::vector<Row> rows_;
};

struct Loaded {
  std::string file;  // empty: there is none
  // What was given and means nothing: keys of the file, in its order, then names of variables. No
  // row has them, or one that is unused or has no target.
  std::vector<std::string> unknown;
};

// Fills the targets. kNotFound: the named file is not there; kInvalid: it cannot be parsed, or a
// value is not of its kind; the message names file or variable, and key.
// `folder` is the working folder.
Result<Loaded> Load(const Program& program, const compat::Environment& environment, Table& table,
                    const std::string& folder = ".");

}  // namespace insightd::app::go
