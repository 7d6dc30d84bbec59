// Makes archives of simulated clusters: coherent, healthy or with chosen defects, as the Insights
// Operator packs them.
//
// The same seed, number and options draw the same cluster; the same cluster and time make the same
// bytes. Nothing is read from the machine, time is handed in. What a cluster must be judged to be
// (`expected`) comes with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fleet/made_file.h"
#include "rules/pack.h"

namespace insightd::fleet {

struct ClusterOptions {
  std::string size = "mix";               // small, median, large, huge; mix: by their shares
  std::string version = {};               // "4.18.11"; empty: a release that is maintained
  std::string platform = {};              // AWS, VSphere, …; empty: by their shares
  std::int64_t nodes = 0;                 // 3 to 500; 0: as the size has them
  std::int64_t pods = 0;                  // 1 to 8,000; 0: as the size has them
  std::vector<std::string> defects = {};  // by name, or by the key of a rule; all of them
  double random_defects = 0;              // so many more on average; some clusters stay healthy
};

struct Cluster {
  std::uint64_t seed = 0;  // of all that is random in its files
  std::string id;          // UUID
  std::string name;        // for people: "payments-prod-7"
  std::string version;
  std::string platform;
  std::string size;
  std::int64_t nodes = 0;
  std::int64_t pods = 0;
  std::uint64_t fill_bytes = 0;
  Time installed;
  std::vector<std::string> defects;
  // All that must hit, the three informing rules included: last part of the module, `|`, key.
  // Sorted. With the defect of a rule others may hit, and some of the informing ones not.
  std::vector<std::string> expected;
};

// Immutable, thread-safe.
class Generator {
 public:
  // With a pack there is a defect for each rule that has a test of a hit, by its key. kInternal
  // when the data in the binary is wrong.
  static Result<std::unique_ptr<Generator>> Create(rules::PackPointer pack = nullptr);
  ~Generator();

  // The cluster of that number. kInvalid when an option names what is not there, or a defect
  // that such a cluster cannot have.
  Result<Cluster> Draw(std::uint64_t seed, std::uint64_t number, const ClusterOptions& options,
                       Time now) const;

  // Its files, insights-operator/gathers.json first, the newest of them modified at
  // `gathered_at` (whole seconds). That is after the cluster's installation.
  Result<std::vector<MadeFile>> Files(const Cluster& cluster, Time gathered_at) const;
  // The same, packed.
  Result<std::string> Archive(const Cluster& cluster, Time gathered_at) const;

  // Those that can be drawn; each gives exactly its own hits.
  std::vector<std::string> DefectNames() const;
  // Keys of rules; each gives its rule's hit and maybe others.
  std::vector<std::string> RuleDefectNames() const;
  std::vector<std::string> SizeNames() const;
  std::vector<std::string> PlatformNames() const;

 private:
  struct Impl;
  explicit Generator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace insightd::fleet
