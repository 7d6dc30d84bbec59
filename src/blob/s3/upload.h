// Writers of objects: one request for a small object, a multipart upload for a larger one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "blob/blob.h"
#include "blob/s3/client.h"

namespace insightd::blob::s3 {

// What all writers of a store share. Thread-safe.
class Uploads : public std::enable_shared_from_this<Uploads> {
 public:
  explicit Uploads(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  std::unique_ptr<Writer> Create(std::string_view key);
  // Further commits are refused; waits for those that are under way.
  void Close();

  // For writers. kUnavailable, with the setting, when so many bytes more are too many.
  Result<void> Take(std::uint64_t bytes);
  void Give(std::uint64_t bytes) { bytes_.fetch_sub(bytes); }
  bool BeginCommit();
  void EndCommit();
  const std::shared_ptr<Client>& client() const { return client_; }

 private:
  const std::shared_ptr<Client> client_;
  std::atomic<std::uint64_t> bytes_ = 0;  // in memory, of all writers
  std::mutex mutex_;
  std::condition_variable idle_;
  std::size_t commits_ = 0;
  bool closing_ = false;
};

}  // namespace insightd::blob::s3
