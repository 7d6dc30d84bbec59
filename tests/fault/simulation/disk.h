// A disk in memory that SQLite writes to, which knows what was synced.
//
// Bus and store of the world are the real embedded ones; their files lie here. A write is seen at
// once by whoever reads, and survives the end of a process; a loss of power keeps what was synced
// and of the rest, write by write, all, nothing or some sectors.
//
// One disk at a time is the default of all SQLite connections of the process. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "broken_parts.h"
#include "machine_state.h"

namespace insightd::simulation {

// One file. The parts of SQLite that share memory and locks do it here.
struct SimFile {
  struct Change {
    std::int64_t offset;  // of a write; -1: cut to `length`
    std::string bytes;
    std::int64_t length;
  };
  static constexpr std::size_t kShmLocks = 8;

  bool exists = false;
  std::string bytes;  // as read
  bool durably_exists = false;
  std::string durable;           // as it was synced
  std::vector<Change> unsynced;  // what makes `bytes` of `durable`
  std::vector<std::string> shm;  // regions
  std::array<int, kShmLocks> shm_shared{};
  std::array<bool, kShmLocks> shm_exclusive{};
  int shared = 0;  // handles with at least a shared lock
  const void* reserved = nullptr;
  const void* exclusive = nullptr;

  void Apply(std::string& to, const Change& change) const;
};

class Disk {
 public:
  using Files = std::map<std::string, SimFile>;

  // `state` and `parts`, which say what the disk does not do, outlive it.
  Disk(MachineState& state, const PartsOfWorld& parts, Files files);
  ~Disk();
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  // When all connections are closed: what is left after the end of a process or of power.
  void AfterEnd(Ending how);

  SimFile& FileAt(const std::string& path) { return files_[path]; }
  MachineState& state() { return state_; }
  const PartsOfWorld& parts() const { return parts_; }
  Files& files() { return files_; }

 private:
  MachineState& state_;
  const PartsOfWorld& parts_;
  Files files_;
};

}  // namespace insightd::simulation
