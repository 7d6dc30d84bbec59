// HTTP exchanges of one store, many at a time, in one thread of its own.
//
// Knows nothing of S3: sends what it is given and tells what came back. Connections are kept and
// used again. What is said below to be "in the thread" may be called from jobs and callbacks alone,
// which therefore need no lock; they may not block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "blob/s3/signature.h"

namespace insightd::blob::s3 {

// Largest answer that is kept in memory: a page of a listing.
inline constexpr std::size_t kAnswerBytesMax = std::size_t{4} << 20;
// Largest head of an answer.
inline constexpr std::size_t kHeadBytesMax = std::size_t{64} << 10;

struct Answer {
  int status = 0;  // 0: none came
  Pairs headers;   // names in lower case
  std::string body;
  // Why there is none, or why it is cut: kTimeout, kTooLarge, else kUnavailable.
  std::optional<Error> failure;

  bool good() const { return !failure && status >= 200 && status < 300; }
  // Empty when absent.
  std::string_view Header(std::string_view name) const;
};

// Takes the body of a good answer as it comes, in the thread.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // Once, before bytes; the answer has no body yet.
  virtual void OnHead(const Answer& answer) = 0;
  // False: no room; the same bytes come again after Resume.
  virtual bool OnBytes(std::string_view bytes) = 0;
};

struct Exchange {
  std::string_view method;  // a literal
  std::string url;
  Pairs headers;
  std::shared_ptr<const std::string> body;  // none: nothing is sent
  std::shared_ptr<Receiver> receiver;       // none: the body is in the answer
  std::function<void(Answer)> done;         // in the thread; not called for what was dropped
};

struct TransfersOptions {
  std::string ca_file;
  int connections_max = 64;
  milliseconds connect_time_max{3'000};
  seconds slow_time_max{10};
};

class Transfers {
 public:
  using Id = std::uint64_t;  // 0 is none
  using Job = std::function<void()>;

  // kInvalid for a `ca_file` that cannot be read, kInternal when libcurl cannot be used.
  static Result<std::unique_ptr<Transfers>> Make(const TransfersOptions& options);
  virtual ~Transfers() = default;

  // Runs `job` in the thread, in the order given. False when closed: then it never runs.
  virtual bool Post(Job job) = 0;
  // Ends the thread; exchanges that are under way are dropped. Not from within it.
  virtual void Close() = 0;

  // In the thread. Above `connections_max` exchanges wait for others to end.
  virtual Id Begin(Exchange exchange) = 0;
  virtual void After(milliseconds delay, Job job) = 0;
  virtual void Resume(Id id) = 0;
  virtual void Drop(Id id) = 0;
};

}  // namespace insightd::blob::s3
