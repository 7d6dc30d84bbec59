// That new objects are refused, told by one process to all that write into the bucket: by an object
// beside theirs, which is there as long and holds the reason.
//
// Its name (`kRefusalName`, behind the prefix) is no key, so that it is never listed as an archive.
// Thread-safe; nothing here waits for the server.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "blob/s3/client.h"

namespace insightd::blob::s3 {

inline constexpr std::string_view kRefusalName = "_uploads-are-refused";
inline constexpr std::chrono::minutes kToldFor{1};
// Of the reason.
inline constexpr std::size_t kReasonBytesMax = 1'000;

class Refusal : public std::enable_shared_from_this<Refusal> {
 public:
  explicit Refusal(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  // Tells all, unless this process has told them the same within `kToldFor`: another one may have
  // told them otherwise since. What could not be told is told again by the next call.
  void Tell(const std::optional<Error>& why);
  // What was told, as far as is known. Looks again every `refusal_look` while it is called; what
  // was seen more than two of these ago counts no more.
  std::optional<Error> Find();

 private:
  void OnTold(bool refused, const Outcome& outcome);
  void OnSeen(const Outcome& outcome);

  const std::shared_ptr<Client> client_;
  std::mutex mutex_;
  bool telling_ = false;
  std::optional<bool> told_;  // whether new objects are refused; none: nothing was told
  microseconds told_at_{};    // steady
  bool looking_ = false;
  std::optional<microseconds> looked_;  // steady
  std::optional<microseconds> seen_;    // steady
  std::optional<std::string> reason_;
};

}  // namespace insightd::blob::s3
