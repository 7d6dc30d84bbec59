// The rules over the facts of one archive: what the pipeline needs of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "archive/file_tree.h"
#include "base/result.h"
#include "results/result.h"

namespace insightd::pipeline {

struct Evaluated {
  results::Report report;
  std::int32_t passes = 0;  // whether or not the report lists them
};

// A work area that is used again from archive to archive; one for each worker. One thread at a
// time.
class Evaluator {
 public:
  virtual ~Evaluator() = default;
  // An archive begins: all up to its Evaluate is answered by the rules that are in force now.
  virtual void Begin() {}
  // Whether some rule may ask for the member; all others need not be unpacked.
  virtual bool Wants(std::string_view member) const = 0;
  // A rule that fails is an outcome, never a failure of the call.
  virtual Result<Evaluated> Evaluate(archive::FileTree tree) = 0;
};

using MakeEvaluator = std::function<std::unique_ptr<Evaluator>()>;

}  // namespace insightd::pipeline
