// A YAML document of an archive as rules see it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "cel/arena.h"
#include "cel/value.h"

namespace insightd::rules {

// YAML of an archive above this size is noted and not read: the reader takes many times as much.
inline constexpr std::size_t kYamlDocumentBytesMax = std::size_t{1} << 20;
// Values of a document, with those that aliases repeat; what ends a bomb of aliases.
inline constexpr std::size_t kYamlDocumentNodesMax = 100'000;

// Takes all of YAML 1.2's core schema; what does not parse is said in rules/yaml.h. `added` are
// members in front of those of a mapping and instead of members of that name. Fails with kInvalid,
// line and column. The value lies in the arena and needs `text` no more.
Result<cel::Value> ReadYaml(std::string_view path, std::string_view text,
                            std::span<const cel::MapEntry> added, cel::Arena& arena);

}  // namespace insightd::rules
