// Settings: one TOML file, every key overridable by the environment, checked at start.
//
// Each part has a struct with its defaults and adds a row a member to the table; from the same
// rows come the loader and its messages, `--help`, `config print` and the reference page.
//
//   struct IngressSettings {
//     std::uint64_t body_bytes_max = 100 << 20;
//     void AddTo(settings::Table& table) {
//       table.Add("ingress.body_bytes_max", &body_bytes_max, {.min = 1024},
//                 "Largest upload in bytes; a larger one is answered 413.");
//     }
//   };
//
// `ingress.body_bytes_max` stands in section `[ingress]` of the file and is overridden by
// `INSIGHTD__INGRESS__BODY_BYTES_MAX`. A mistake names file, line and column, and the nearest
// known key. One thread at a time; the structs must outlive the table.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace insightd::settings {

struct Limits {
  double min = std::numeric_limits<double>::lowest();
  double max = std::numeric_limits<double>::max();
  bool or_zero = false;                   // below `min`, which means what the sentence says
  std::vector<std::string> choices = {};  // of a text: no other value
  bool secret = false;                    // never printed
};

using Environment = std::map<std::string, std::string>;
// The variables of this process that begin with INSIGHTD__.
Environment ProcessEnvironment();

class Table {
 public:
  using Target = std::variant<bool*, std::int64_t*, std::uint64_t*, int*, double*, std::string*,
                              std::vector<std::string>*>;

  // `target` holds the default now and the setting after Load. `sentence` says what it does.
  void Add(std::string_view key, Target target, Limits limits, std::string_view sentence);

  // Reads `toml`, the text of `file` ("" for no file), then the environment. Applies every good
  // value and returns one message a mistake: `insightd.toml:4:1: unknown setting …; did you mean
  // …`.
  std::vector<std::string> Load(std::string_view file, std::string_view toml,
                                const Environment& environment);

  // The settings in force as a TOML file; a secret that is set is shown as "(secret)".
  std::string Print() const;
  // The reference page: a Markdown table for each section.
  std::string Reference() const;
  // One line a key, for a terminal.
  std::string Help() const;

 private:
  struct Row {
    std::string key;
    Target target;
    Limits limits;
    std::string sentence;
    std::string default_text;
  };
  Row* FindRow(std::string_view key);
  std::string UnknownKey(std::string_view key) const;

  std::vector<Row> rows_;  // section by section, within one in the order of Add
};

// The name that overrides `key`: INSIGHTD__INGRESS__BODY_BYTES_MAX.
std::string EnvironmentName(std::string_view key);

}  // namespace insightd::settings
