// Why a rule hit or did not: its inputs, each name that its condition used with its value and where
// that came from, the parts of the condition, and the details.
//
// Plain data, copied: nothing points into the archive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rules/evidence.h"
#include "rules/report.h"

namespace insightd::rules {

// Of one explanation; what is beyond is left out.
inline constexpr std::size_t kExplainedFilesMax = 5;   // of an input
inline constexpr std::size_t kExplainedPartsMax = 40;  // of an expression

struct ExplainedInput {
  std::string name;
  std::vector<std::string> patterns;
  std::vector<std::string> files;  // the first kExplainedFilesMax
  std::uint64_t files_total = 0;
  bool is_needed = false;
  bool is_present = false;  // a file is there and parses
};

// A part of an expression as its author wrote it.
struct ExplainedPart {
  std::string text;
  std::string value;
};

struct ExplainedExpression {
  std::string label;  // "let bad", "global masters", "when", "details nodes"
  std::string text;
  std::string value;  // a literal of the language, cut; of an error its message
  bool is_error = false;
  std::vector<ExplainedPart> parts;  // those outside of macros, inner ones first
  std::vector<EvidenceFile> files;   // where the value was read
  std::uint64_t more_files = 0;
};

struct Explanation {
  Outcome outcome;
  std::vector<ExplainedInput> inputs;
  // Empty for a rule that was skipped.
  std::vector<ExplainedExpression> names;  // in the order in which they were asked for
  ExplainedExpression when;
  std::vector<ExplainedExpression> details;  // of a hit
  // Names that the condition did not need.
  std::vector<std::string> unused;
};

// For people: the reason of the outcome; of a skip for missing inputs which they are and where they
// would be, such as "no file of the test is an input `nodes` (config/node/*.json)". `whose` is what
// was asked about: "the test". The reason in reports is written for programs and stays as it is.
std::string ReasonInWords(const Explanation& explanation, std::string_view whose);

}  // namespace insightd::rules
