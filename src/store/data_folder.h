// The folder in which one process keeps everything: `lock`, `version`, `bus.db`, `store.db`,
// `blob/`.
//
// For the program that opens it, and for commands that open it when no program runs. One process at
// a time: the lock goes with the process, however it ends.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace insightd::store {

class DataFolder {
 public:
  // Version of the folder's layout that this program makes and reads.
  static constexpr std::int32_t kVersion = 1;

  // Makes the folder, and its parents, where it is not there. kConflict when another process has
  // it, named by its process id; kInvalid when a newer version made it, with both versions and
  // what to do; kUnavailable when it cannot be written.
  static Result<DataFolder> Open(const std::string& path);
  // The same for a folder that must be there: kNotFound when it is not.
  static Result<DataFolder> OpenExisting(const std::string& path);

  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&& other) noexcept;
  ~DataFolder();

  const std::string& path() const { return path_; }
  // "/var/lib/insightd/bus.db"
  std::string PathOf(std::string_view name) const;

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  static Result<DataFolder> Lock(const std::string& path);

  std::string path_;
  int lock_ = -1;
};

}  // namespace insightd::store
