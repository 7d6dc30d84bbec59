// Requests to one bucket: signed, tried again while they may pass, answered.
//
// * A try that failed for now is repeated after a delay that doubles with a random part, until
//   `retry_time_max` is over; each try is signed anew.
// * When keys are refused and their files hold others by now, it is tried with these.
// * What answers said last is kept for Check, which asks by itself when they are old.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "blob/s3/address.h"
#include "blob/s3/credentials.h"
#include "blob/s3/failure.h"
#include "blob/s3/s3_blob.h"
#include "blob/s3/transfers.h"

namespace insightd::blob::s3 {

// The answer to a request that was good, or why it never was.
struct Outcome {
  Answer answer;
  std::optional<Failure> failure;

  explicit operator bool() const { return !failure.has_value(); }
};

// One request. What is above the line is the caller's, filled before it is sent.
struct Call {
  std::string_view method;  // a literal
  std::string key = {};     // empty: of the bucket
  Pairs query = {};
  Pairs headers = {};
  std::shared_ptr<const std::string> body = {};
  std::shared_ptr<Receiver> receiver = {};
  bool once = false;  // not tried again
  // In the thread, before each try: may change what is asked for.
  std::function<void(Call&)> prepare = {};
  // In the thread of the transfers; once, unless the call was cancelled.
  std::function<void(Outcome)> done = {};
  // ----
  Transfers::Id id = 0;
  int tries = 0;
  microseconds deadline{};  // may be moved on in the thread
  bool keys_reloaded = false;
  bool cancelled = false;
};

class Client {
 public:
  Client(S3BlobOptions options, Address address, std::unique_ptr<Transfers> transfers);
  ~Client() { Close(); }

  Result<void> LoadKeys() { return credentials_.Load(); }

  void Send(const std::shared_ptr<Call>& call);
  // Waits. Not in the thread of the transfers. `done` is not used.
  Outcome Ask(Call call);
  // True: `done` is not called any more, nor the receiver once this has come to the thread. False:
  // `done` has been called or is about to be.
  bool Cancel(const std::shared_ptr<Call>& call);
  // Runs `job` in the thread of the transfers, unless closed.
  void InThread(Transfers::Job job) { transfers_->Post(std::move(job)); }
  Transfers& transfers() { return *transfers_; }  // in the thread

  std::string Presign(std::string_view key, seconds validity) const;
  // What the bucket said last; kUnavailable with why. Never waits.
  Result<void> Check();
  // Asks the bucket and waits; `once`: without trying again.
  Result<void> Probe(bool once = false);
  // Calls that are under way fail with kUnavailable, and all that come later.
  void Close();

  const S3BlobOptions& options() const { return options_; }
  const Address& address() const { return address_; }

 private:
  void Try(const std::shared_ptr<Call>& call);
  void OnAnswer(const std::shared_ptr<Call>& call, Answer answer);
  void Note(const Outcome& outcome);
  std::string Doing(const Call& call) const;
  static Outcome Closed();

  const S3BlobOptions options_;
  const Address address_;
  Credentials credentials_;
  const std::unique_ptr<Transfers> transfers_;

  std::mutex state_mutex_;
  std::optional<Error> last_error_;
  microseconds noted_{};
  microseconds probed_{};

  std::mutex calls_mutex_;
  bool closed_ = false;
  std::map<const Call*, std::shared_ptr<Call>> calls_;  // under way
};

}  // namespace insightd::blob::s3
