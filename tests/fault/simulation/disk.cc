#include "disk.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/result.h"

namespace insightd::simulation {
namespace {

Disk* current = nullptr;

constexpr std::size_t kSectorBytes = 512;

struct Handle {
  sqlite3_file base;
  const char* path;  // SQLite keeps it as long as the file is open
  SimFile* file;
  int lock;
  std::uint32_t shm_shared;     // bits
  std::uint32_t shm_exclusive;  // bits
};
Handle& Of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

MachineState& State() { return current->state(); }

// Whether the process ends at this call; what the call does is then open.
bool EndsHere(Kind kill, Kind power_loss) {
  if (State().Fires(kill)) State().End(Ending::kProcessEnds);
  if (State().Fires(power_loss)) State().End(Ending::kPowerLoss);
  return !State().alive();
}

bool EndsAtSync() {
  if (IsBuiltUpon(State().place) && State().Fires(Kind::kKillThenPowerLoss)) {
    State().End(Ending::kProcessEnds);
    State().loses_power_after = State().step;
  }
  return EndsHere(Kind::kKillAtSync, Kind::kPowerLossAtSync);
}

// What the call that is under way does to a file.
std::string PlaceOf(sqlite3_file* handle) {
  return fmt::format("{}: {}", State().place, Of(handle).path);
}

void Change(SimFile& file, SimFile::Change change) {
  file.Apply(file.bytes, change);
  file.unsynced.push_back(std::move(change));
}

// ---- Files ----

int Unlock(sqlite3_file* handle, int level);
int ShmUnmap(sqlite3_file* handle, int remove);

int Close(sqlite3_file* handle) {
  Unlock(handle, SQLITE_LOCK_NONE);
  return SQLITE_OK;
}

int Read(sqlite3_file* handle, void* into, int count, sqlite3_int64 offset) {
  const std::string& bytes = Of(handle).file->bytes;
  const auto from = static_cast<std::size_t>(offset);
  const auto wanted = static_cast<std::size_t>(count);
  const std::size_t there = from < bytes.size() ? std::min(wanted, bytes.size() - from) : 0;
  std::memcpy(into, bytes.data() + std::min(from, bytes.size()), there);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(into) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int Write(sqlite3_file* handle, const void* from, int count, sqlite3_int64 offset) {
  if (!State().alive()) return SQLITE_IOERR_WRITE;
  const Calling calling(State(), PlaceOf(handle));
  SimFile& file = *Of(handle).file;
  std::string bytes(static_cast<const char*>(from), static_cast<std::size_t>(count));
  if (EndsHere(Kind::kKillAtWrite, Kind::kPowerLossAtWrite)) {
    // Some of it may have been written.
    bytes.resize(State().disk_random->Below(bytes.size() + 1));
    if (!bytes.empty()) Change(file, {offset, std::move(bytes), 0});
    return SQLITE_IOERR_WRITE;
  }
  if (State().Fires(Kind::kDiskWriteFails)) return SQLITE_IOERR_WRITE;
  const auto end = static_cast<std::size_t>(offset) + bytes.size();
  if (end > file.bytes.size() && State().Lasts(Kind::kDiskFull)) return SQLITE_FULL;
  Change(file, {offset, std::move(bytes), 0});
  return SQLITE_OK;
}

int Truncate(sqlite3_file* handle, sqlite3_int64 length) {
  if (!State().alive()) return SQLITE_IOERR_TRUNCATE;
  Change(*Of(handle).file, {-1, {}, length});
  return SQLITE_OK;
}

int Sync(sqlite3_file* handle, int) {
  if (!State().alive()) return SQLITE_IOERR_FSYNC;
  const Calling calling(State(), PlaceOf(handle));
  if (EndsAtSync()) return SQLITE_IOERR_FSYNC;
  if (State().Fires(Kind::kDiskSyncFails)) return SQLITE_IOERR_FSYNC;
  if (!current->parts().disk_syncs) return SQLITE_OK;
  SimFile& file = *Of(handle).file;
  for (const SimFile::Change& change : file.unsynced) file.Apply(file.durable, change);
  file.unsynced.clear();
  file.durably_exists = true;
  return SQLITE_OK;
}

int FileSize(sqlite3_file* handle, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(Of(handle).file->bytes.size());
  return SQLITE_OK;
}

// ---- Locks of the file ----

int Lock(sqlite3_file* handle, int level) {
  Handle& mine = Of(handle);
  SimFile& file = *mine.file;
  if (mine.lock >= level) return SQLITE_OK;
  if (mine.lock == SQLITE_LOCK_NONE) {
    if (file.exclusive != nullptr && file.exclusive != handle) return SQLITE_BUSY;
    ++file.shared;
    mine.lock = SQLITE_LOCK_SHARED;
  }
  if (level >= SQLITE_LOCK_RESERVED) {
    if (file.reserved != nullptr && file.reserved != handle) return SQLITE_BUSY;
    file.reserved = handle;
    mine.lock = SQLITE_LOCK_RESERVED;
  }
  if (level == SQLITE_LOCK_EXCLUSIVE) {
    if (file.shared > 1) return SQLITE_BUSY;
    file.exclusive = handle;
    mine.lock = SQLITE_LOCK_EXCLUSIVE;
  }
  return SQLITE_OK;
}

int Unlock(sqlite3_file* handle, int level) {
  Handle& mine = Of(handle);
  SimFile& file = *mine.file;
  if (mine.lock <= level) return SQLITE_OK;
  if (file.exclusive == handle) file.exclusive = nullptr;
  if (file.reserved == handle) file.reserved = nullptr;
  if (level == SQLITE_LOCK_NONE) --file.shared;
  mine.lock = level;
  return SQLITE_OK;
}

int CheckReservedLock(sqlite3_file* handle, int* reserved) {
  *reserved = Of(handle).file->reserved != nullptr ? 1 : 0;
  return SQLITE_OK;
}

int FileControl(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int SectorSize(sqlite3_file*) { return 4096; }
// As SQLite assumes of every disk by itself: a write harms no bytes beside it.
int DeviceCharacteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// ---- Shared memory of the write-ahead log ----

// Who has this one alone copies the log into the database, after it has synced it.
constexpr int kCheckpointLock = 1;

bool IsKeptFromCopying() {
  return !current->parts().log_is_copied_at_start && State().place == "start";
}

int ShmMap(sqlite3_file* handle, int region, int bytes, int extend, void volatile** out) {
  std::vector<std::string>& regions = Of(handle).file->shm;
  const auto index = static_cast<std::size_t>(region);
  *out = nullptr;
  if (index >= regions.size()) {
    if (extend == 0) return SQLITE_OK;
    // Regions that are there may not move: a string keeps its bytes when the list grows, since
    // all are longer than what a string holds in itself.
    while (regions.size() <= index) {
      regions.emplace_back(static_cast<std::size_t>(bytes), '\0');
    }
  }
  *out = regions[index].data();
  return SQLITE_OK;
}

int ShmLock(sqlite3_file* handle, int first, int count, int flags) {
  Handle& mine = Of(handle);
  SimFile& file = *mine.file;
  const auto begin = static_cast<std::size_t>(first);
  const auto end = begin + static_cast<std::size_t>(count);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::uint32_t bit = 1u << i;
      if ((mine.shm_exclusive & bit) != 0) file.shm_exclusive[i] = false;
      if ((mine.shm_shared & bit) != 0) --file.shm_shared[i];
      mine.shm_exclusive &= ~bit;
      mine.shm_shared &= ~bit;
    }
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  if (exclusive && first == kCheckpointLock && count == 1 && IsKeptFromCopying())
    return SQLITE_BUSY;
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint32_t bit = 1u << i;
    const bool others_share = file.shm_shared[i] > ((mine.shm_shared & bit) != 0 ? 1 : 0);
    const bool other_has = file.shm_exclusive[i] && (mine.shm_exclusive & bit) == 0;
    if (other_has || (exclusive && others_share)) return SQLITE_BUSY;
  }
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint32_t bit = 1u << i;
    if (exclusive) {
      file.shm_exclusive[i] = true;
      mine.shm_exclusive |= bit;
    } else if ((mine.shm_shared & bit) == 0) {
      ++file.shm_shared[i];
      mine.shm_shared |= bit;
    }
  }
  return SQLITE_OK;
}

void ShmBarrier(sqlite3_file*) {}

int ShmUnmap(sqlite3_file* handle, int remove) {
  ShmLock(handle, 0, SimFile::kShmLocks, SQLITE_SHM_UNLOCK);
  if (remove != 0 && State().alive()) Of(handle).file->shm.clear();
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

// ---- The file system ----

int Open(sqlite3_vfs*, const char* name, sqlite3_file* handle, int flags, int* flags_out) {
  handle->pMethods = nullptr;
  if (name == nullptr) return SQLITE_CANTOPEN;
  SimFile& file = current->FileAt(name);
  if (!file.exists) {
    if ((flags & SQLITE_OPEN_CREATE) == 0 || !State().alive()) return SQLITE_CANTOPEN;
    file.exists = true;
    file.bytes.clear();
    file.unsynced.clear();
    if (file.durably_exists) file.unsynced.push_back({-1, {}, 0});
  }
  Of(handle) = {{&kMethods}, name, &file, SQLITE_LOCK_NONE, 0, 0};
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs*, const char* name, int) {
  if (!State().alive()) return SQLITE_IOERR_DELETE;
  SimFile& file = current->FileAt(name);
  if (!file.exists) return SQLITE_IOERR_DELETE_NOENT;
  file.exists = false;
  file.bytes.clear();
  file.durable.clear();
  file.unsynced.clear();
  file.durably_exists = false;
  return SQLITE_OK;
}

int Access(sqlite3_vfs*, const char* name, int, int* there) {
  const auto at = current->files().find(name);
  *there = at != current->files().end() && at->second.exists ? 1 : 0;
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs*, const char* name, int size, char* out) {
  const std::size_t length = std::strlen(name);
  if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, length + 1);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs*, int bytes, char* out) {
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<char>(State().disk_random->Below(256));
  return bytes;
}

int Sleep(sqlite3_vfs*, int duration_us) {
  State().clock.Advance(microseconds(duration_us));
  return duration_us;
}

int CurrentTime(sqlite3_vfs*, double* days) {
  constexpr double kDaysBefore1970 = 2440587.5;
  *days = kDaysBefore1970 +
          static_cast<double>(State().clock.Now().time_since_epoch().count()) / 86'400e6;
  return SQLITE_OK;
}

int GetLastError(sqlite3_vfs*, int, char*) { return 0; }

void Register() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made{};
    made.iVersion = 1;
    made.szOsFile = sizeof(Handle);
    made.mxPathname = 512;
    made.zName = "insightd-simulation";
    made.xOpen = Open;
    made.xDelete = Delete;
    made.xAccess = Access;
    made.xFullPathname = FullPathname;
    made.xRandomness = Randomness;
    made.xSleep = Sleep;
    made.xCurrentTime = CurrentTime;
    made.xGetLastError = GetLastError;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, /*makeDflt=*/1);
  INSIGHTD_ASSERT(registered == SQLITE_OK);
}

}  // namespace

void SimFile::Apply(std::string& to, const Change& change) const {
  if (change.offset < 0) {
    to.resize(static_cast<std::size_t>(change.length));
    return;
  }
  const auto offset = static_cast<std::size_t>(change.offset);
  if (to.size() < offset + change.bytes.size()) to.resize(offset + change.bytes.size());
  std::memcpy(to.data() + offset, change.bytes.data(), change.bytes.size());
}

Disk::Disk(MachineState& state, const PartsOfWorld& parts, Files files)
    : state_(state), parts_(parts), files_(std::move(files)) {
  INSIGHTD_ASSERT(current == nullptr);
  current = this;
  Register();
  // SQLite's own numbers begin anew, so that a world depends on its seed alone.
  sqlite3_randomness(0, nullptr);
}

Disk::~Disk() { current = nullptr; }

void Disk::AfterEnd(Ending how) {
  Random& random = *state_.disk_random;
  for (auto& [path, file] : files_) {
    file.shm.clear();
    file.shm_shared = {};
    file.shm_exclusive = {};
    file.shared = 0;
    file.reserved = nullptr;
    file.exclusive = nullptr;
    if (how != Ending::kPowerLoss) continue;
    std::string left = file.durable;
    for (const SimFile::Change& change : file.unsynced) {
      const std::uint64_t fate = random.Below(3);
      if (fate == 0) continue;
      if (fate == 1 || change.offset < 0) {
        file.Apply(left, change);
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size(); at += kSectorBytes) {
        if (random.Below(2) == 0) continue;
        file.Apply(left, {change.offset + static_cast<std::int64_t>(at),
                          change.bytes.substr(at, kSectorBytes), 0});
      }
    }
    if (file.exists && !file.durably_exists && random.Below(2) == 0) {
      file.exists = false;
      left.clear();
    }
    file.bytes = left;
    file.durable = std::move(left);
    file.unsynced.clear();
    file.durably_exists = file.exists;
  }
}

}  // namespace insightd::simulation
