#include "upkeep/room.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/metric_names.h"

namespace insightd::upkeep {
namespace {

constexpr log::Logger kLog("upkeep");

// The share of the room below which a warning may come again.
constexpr double kCalmShare = kWarnShare - 0.05;
// Of a directory, where none is set.
constexpr std::uint64_t kFolderBytesMax = std::uint64_t{64} << 30;

}  // namespace

Room::Room(blob::Store& blobs, const Clock& clock, metrics::Registry& registry,
           const Settings& settings)
    : blobs_(blobs),
      clock_(clock),
      registry_(registry),
      bytes_max_(settings.blob_bytes_max),
      count_interval_(settings.count_interval_s) {}

void Room::Tell(const metrics::Definition& gauge, std::uint64_t bytes) {
  registry_.MakeGauge(gauge).Set(static_cast<double>(bytes));
}

std::optional<std::uint64_t> Room::bytes_max() const {
  if (bytes_max_ > 0) return bytes_max_;
  if (is_counted()) return std::nullopt;
  return kFolderBytesMax;
}

std::int64_t Room::bytes_held() const {
  if (const std::int64_t held = blobs_.BytesHeld(); held >= 0) return held;
  return count_ ? static_cast<std::int64_t>(count_->bytes) : -1;
}

bool Room::IsCountDue() const {
  return is_counted() && bytes_max() && (!count_ || clock_.Steady() >= count_again_);
}

Result<void> Room::CountAll(const std::stop_token& stop) {
  const microseconds begun = clock_.Steady();
  Count count;
  if (auto listed = blobs_.List([&](const blob::Object& object) {
        count.Add(object);
        return !stop.stop_requested();
      });
      !listed) {
    return listed;
  }
  if (stop.stop_requested()) return {};
  Note(count);
  const microseconds now = clock_.Steady();
  const microseconds rest((now - begun).count() * std::llround(1 / kCountShare - 1));
  count_again_ = std::max(count_again_, now + rest);
  return {};
}

void Room::Note(const Count& count) {
  count_ = count;
  count_again_ = clock_.Steady() + count_interval_;
  Tell(metrics::kBlobBytes, count.bytes);
}

void Room::NoteRemoved(std::size_t archives) {
  if (!count_ || count_->archives == 0) return;
  const std::uint64_t removed = std::min<std::uint64_t>(archives, count_->archives);
  count_->bytes -= static_cast<std::uint64_t>(static_cast<double>(count_->bytes) /
                                              static_cast<double>(count_->archives) *
                                              static_cast<double>(removed));
  count_->archives -= removed;
}

bool Room::MayBeOver() const {
  const auto most = bytes_max();
  return most && std::cmp_greater(bytes_held(), *most);
}

bool Room::IsOver(double share) {
  const std::int64_t held = bytes_held();
  const auto limit = bytes_max();
  if (held < 0 || !limit) return false;
  Tell(metrics::kBlobBytes, static_cast<std::uint64_t>(held));
  WarnEarly(held, *limit);
  if (static_cast<double>(held) > static_cast<double>(*limit) * share) return true;
  const auto room = blobs_.Check();
  return !room && room.error().code() == Code::kNoRoom && held > 0;
}

std::size_t Room::ArchivesOver(double share) const {
  const auto limit = bytes_max();
  if (!count_ || !limit || count_->archives == 0) return 1;
  const double mean = static_cast<double>(count_->bytes) / static_cast<double>(count_->archives);
  const double over = static_cast<double>(count_->bytes) - static_cast<double>(*limit) * share;
  return static_cast<std::size_t>(std::max(1.0, std::ceil(over / std::max(1.0, mean))));
}

bool Room::Warning::IsDue(double share) {
  if (share < kCalmShare) given = false;
  return share >= kWarnShare && !std::exchange(given, true);
}

void Room::WarnOfDisk(const blob::Disk& disk) {
  Tell(metrics::kBlobDiskBytes, disk.bytes);
  Tell(metrics::kBlobDiskUsableBytes, disk.usable_bytes);
  const double left = static_cast<double>(disk.usable_bytes) /
                      static_cast<double>(std::max(disk.bytes, std::uint64_t{1}));
  if (!of_disk_.IsDue(1 - left)) return;
  kLog.Warn("",
            fmt::format("the file system of {} is nearly full, {} of its {} bytes are free; make "
                        "room on it before uploads are refused: blob.free_bytes_min leaves {}",
                        disk.folder, disk.free_bytes, disk.bytes, disk.usable_bytes));
}

void Room::WarnEarly(std::int64_t held_bytes, std::uint64_t bytes_max) {
  std::uint64_t room = bytes_max;
  const auto disk = blobs_.FindDisk();
  if (disk) {
    room = std::min(room, static_cast<std::uint64_t>(held_bytes) + disk->usable_bytes);
    WarnOfDisk(*disk);
  }
  Tell(metrics::kBlobRoomBytes, room);
  const double share =
      static_cast<double>(held_bytes) / static_cast<double>(std::max(room, std::uint64_t{1}));
  if (!of_archives_.IsDue(share)) return;
  kLog.Warn("",
            fmt::format("archives take most of their room; before it is full, raise "
                        "blob.bytes_max{}, else the oldest of them go early",
                        disk ? " or make room on the disk of data_dir" : ""),
            {{"bytes", held_bytes}, {"room_bytes", static_cast<std::int64_t>(room)}});
}

}  // namespace insightd::upkeep
