// Asks the rules of a pack about an archive.
//
//   Judge judge(pack);
//   Result<FileTree> tree = unpacker.Unpack(upload, judge.wanted(), limits);
//   const Report report = judge.Run(*tree);
//
// The same archive gives the same report on every machine at every load: time in rules is that of
// gathering, and an evaluation ends by steps and bytes (the clock is only a last stop). A rule that
// fails concerns itself alone.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "archive/file_tree.h"
#include "base/clock.h"
#include "cel/evaluate.h"
#include "rules/explain.h"
#include "rules/inputs/facts.h"
#include "rules/pack.h"
#include "rules/report.h"

namespace insightd::rules {

struct JudgeLimits {
  // For one rule over one archive; each global has the same for itself. Some 50 ns a step.
  std::uint64_t rule_steps_max = 10'000'000;               // rules.rule_steps_max
  std::uint64_t rule_bytes_max = std::uint64_t{64} << 20;  // rules.rule_bytes_max
  milliseconds rule_time_max{10'000};                      // rules.rule_time_ms_max
  // Files of an archive, parsed.
  FactsLimits facts = {};
  // Details of a hit as JSON; longer ones lose the ends of their lists.
  std::uint64_t details_bytes_max = 65'536;  // rules.details_bytes_max
};

struct JudgeOptions {
  // Whether each hit tells which places in which files made it one: its condition is evaluated once
  // more for it.
  bool evidence = false;
  // Whether outcomes tell the time that they took.
  bool timed = false;
};

// What a rule costs over an archive whose files have been read.
struct RuleCost {
  const Rule* rule = nullptr;  // of the pack
  OutcomeKind kind = OutcomeKind::kPass;
  std::uint64_t steps = 0;
  double time_us = 0;  // the lower quartile of the rounds
};

struct ArchiveCost {
  double read_us = 0;   // parsing all that the rules read
  double rules_us = 0;  // all rules, the lower quartile of the rounds
  std::vector<RuleCost> rules;
};

// Keeps its work memory from archive to archive. One thread at a time.
class Judge {
 public:
  explicit Judge(PackPointer pack, const JudgeLimits& limits = {},
                 const Clock& clock = SystemClock());
  ~Judge();
  Judge(const Judge&) = delete;
  Judge& operator=(const Judge&) = delete;

  // Tells the unpacker what to keep. Lives on without the judge.
  std::function<bool(std::string_view name)> wanted() const;

  // Gives the bytes of members back to the tree as it goes.
  Report Run(archive::FileTree& tree, const JudgeOptions& options = {});
  // The outcome of one rule of the pack alone.
  Outcome RunOne(const Rule& rule, archive::FileTree& tree, const JudgeOptions& options = {});
  // Why the rule has the outcome that it has. What it tells ends with nothing: it is all copied.
  Explanation Explain(const Rule& rule, archive::FileTree& tree);
  // Reads what the rules ask for and then asks all of them `rounds` times; what a global takes
  // counts for the rule that is first to use it.
  ArchiveCost Measure(archive::FileTree& tree, int rounds);
  // Lets `use` evaluate programs of the pack's scopes over an archive. Values end with `use`.
  void WithArchive(archive::FileTree& tree, const std::function<void(cel::Activation&)>& use);

  const Pack& pack() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace insightd::rules
