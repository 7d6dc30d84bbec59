// Where in the files of an archive a value lies that an expression has read.
//
// A text, a list or a map that was read in place is found by its address: in a document as
// `status.conditions[3].status`, in a text, a log or metrics as `line 17`. Numbers, bools and nulls
// have no address; they are found by the object that they were read from. What a rule has made
// itself lies nowhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cel/value.h"
#include "rules/inputs/facts.h"

namespace insightd::rules {

struct FoundPlace {
  std::uint32_t member = 0;  // of the tree
  // `spec.nodes[3]["a.b/c"]`, `line 17` (counted as editors do); empty: the file as a whole.
  std::string at;
  cel::Value value;        // what lies there; of a line the line
  bool is_absent = false;  // nothing lies there, or null
};

// Of one archive while its facts are there. One thread at a time.
class Places {
 public:
  // Words of documents that are looked through for texts, all together; after that texts are not
  // found any more. A bound on time: some 20 ms.
  static constexpr std::uint64_t kWordsMax = 20'000'000;

  // Sees what has been parsed up to now.
  explicit Places(const Facts& facts);

  std::optional<FoundPlace> Of(const cel::Value& value);
  // Of what lies, or would lie, at `keys` below `base`: names, or numbers of elements. Names of
  // digits select from a list.
  std::optional<FoundPlace> Below(const cel::Value& base, std::span<const cel::Value> keys);

 private:
  struct Range {
    const char* begin;
    const char* end;
    std::uint32_t member;
    const json::Document* document;  // nullptr: a text
  };
  struct Made {
    std::uint32_t member;
    std::string at;
  };

  const Range* RangeOf(const void* address) const;
  FoundPlace InText(const Range& range, const char* address) const;
  std::optional<FoundPlace> TextInDocument(const Range& range, std::string_view text);
  void RegisterMade(std::uint32_t member, const cel::Value& value, const std::string& at,
                    int depth);

  std::vector<Range> ranges_;                   // by address
  std::unordered_map<const void*, Made> made_;  // of YAML documents
  std::uint64_t words_left_ = kWordsMax;
};

}  // namespace insightd::rules
