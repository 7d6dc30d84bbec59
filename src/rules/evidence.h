// Why a rule hit: the files and the places in them that made its `when` true.
//
// What the expression read of elements that did not pass a filter, or of a branch that did not
// decide, is no evidence. Where nothing was found and just that is the reason, the inputs that were
// looked at are named. The same archive gives the same evidence everywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace insightd::rules {

// Of one hit; what is beyond is counted.
inline constexpr std::size_t kEvidenceFilesMax = 20;
inline constexpr std::size_t kEvidencePlacesMax = 5;        // of a file
inline constexpr std::size_t kEvidenceValueBytesMax = 100;  // of a value, then cut with `…`
inline constexpr std::size_t kEvidenceInputsMax = 10;
inline constexpr std::size_t kEvidencePathsMax = 3;        // named for an input
inline constexpr std::size_t kEvidencePathBytesMax = 500;  // of a place

struct EvidencePlace {
  std::string at;     // `status.conditions[3].status`, `line 17`; empty: the file as a whole
  std::string value;  // as a literal of the language, cut; empty when absent
  bool is_absent = false;
};

struct EvidenceFile {
  std::string path;
  std::vector<EvidencePlace> places;  // sorted, numbers by their value
  std::uint64_t more_places = 0;
};

// An input that was looked at and of which no place in a file says anything.
struct EvidenceInput {
  std::string name;
  std::uint64_t files = 0;         // 0: it is not in the archive
  std::vector<std::string> paths;  // the files, or where there are none or many, the patterns
};

struct Evidence {
  std::vector<EvidenceFile> files;  // sorted
  std::uint64_t more_files = 0;
  std::vector<EvidenceInput> looked_at;  // sorted
  bool is_complete = true;               // false: a limit ended the collecting

  bool empty() const { return files.empty() && looked_at.empty() && is_complete; }
};

// An object: `files` (`path`, `places` with `at` and `value` or `absent`, `more_places`),
// `more_files`, `looked_at` (`input`, `files`, `paths`), `incomplete`; what is 0 is left out.
std::string EvidenceToJson(const Evidence& evidence);

}  // namespace insightd::rules
