// The steps that lead a database from nothing to the tables that this program works on, and back.
//
// Three storages, each with its own version: the results (schema `public`, version 32) and the
// workloads (schema `dvo`, version 4) are those of an existing aggregator database, whose numbers
// and effects they keep exactly; the third is ours (`insightd_…` in `public`). Version n means that
// the first n steps were done. A step is SQL without BEGIN and COMMIT: all steps of one storage are
// done in one transaction (migrate.h), with `public` as the only schema that is searched.
//
// A step that was published is never changed: databases made by it are out there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace insightd::store::pg {

enum class Storage : std::uint8_t { kResults, kWorkloads, kOwn };

// In the order in which they are brought up: the last one lies beside the others.
inline constexpr std::array<Storage, 3> kStorages = {Storage::kResults, Storage::kWorkloads,
                                                     Storage::kOwn};

// Those of the aggregator that a process works on, ours always. Of the others nothing is asked.
struct Storages {
  bool results = true;
  bool workloads = true;
  constexpr bool Has(Storage storage) const {
    return storage == Storage::kResults     ? results
           : storage == Storage::kWorkloads ? workloads
                                            : true;
  }
};

struct Step {
  std::string_view title;  // what it does, for people: "create report"
  std::string_view up;
  std::string_view down;  // empty: what the step did to rows stays done
};

// Step n leads from version n to n + 1, counted from 0.
std::span<const Step> StepsOf(Storage storage);
std::int32_t LatestOf(Storage storage);

// "results", "workloads", "own": as in `insightd migrate --storage`.
std::string_view NameOf(Storage storage);
std::optional<Storage> StorageNamed(std::string_view name);

// "public" and "migration_info": where the table lies whose one row holds the version.
std::string_view SchemaOf(Storage storage);
std::string_view VersionTableOf(Storage storage);

}  // namespace insightd::store::pg
