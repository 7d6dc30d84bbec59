// Archives in memory, with a disk's manners: what was committed and not synced may be gone after a
// loss of power, and is there or not after the end of a process. In some worlds they do not know
// their bytes, and a refusal outlives the process, as in S3.
//
// A stand-in for blob/embedded, whose calls to the kernel cannot be made to forget; the kill tests
// beside this folder run that one. Keeps blob/blob.h. One thread at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "blob/blob.h"
#include "blob/key.h"
#include "machine_state.h"

namespace insightd::simulation {

// What outlives a process: the folder.
struct BlobFolder {
  struct Kept {
    std::string bytes;
    Time modified{};
    bool durable = false;
  };
  std::map<std::string, Kept, std::less<>> objects;
  // Removed, but the removal was not synced.
  std::map<std::string, Kept, std::less<>> removed;
  // Of archives that are counted: why new ones are refused.
  std::optional<Error> refusal;

  void AfterEnd(Ending how, Random& random);
};

class SimBlob final : public blob::Store {
 public:
  // `syncs` false: a commit is told to be good before it is durable.
  SimBlob(MachineState& state, BlobFolder& folder, bool syncs)
      : state_(state), folder_(folder), syncs_(syncs) {}

  Result<std::unique_ptr<blob::Writer>> Create(std::string_view key) override;
  Result<std::unique_ptr<blob::Reader>> Open(std::string_view key) override;
  Result<blob::Object> Stat(std::string_view key) override;
  Result<void> Remove(std::string_view key) override;
  Result<void> RemoveAll(std::span<const std::string> keys) override;
  Result<void> List(const std::function<bool(const blob::Object&)>& visit) override;
  std::int64_t BytesHeld() override { return state_.counts_archives ? -1 : true_bytes(); }
  std::int64_t true_bytes() const;
  void RefuseNew(std::optional<Error> why) override { refusal() = std::move(why); }
  bool refuses() const { return refusal().has_value(); }
  Result<std::string> UrlFor(std::string_view key, seconds) override {
    return "blob:" + std::string(key);
  }
  std::optional<std::string> KeyOf(std::string_view url) const override {
    return blob::KeyOfBlobUrl(url);
  }
  Result<void> Check() override;
  void Close() override {}

  // A step of the world: makes durable what was committed, and tells of it.
  void Sync();
  bool has_waiting() const { return !waiting_.empty(); }

 private:
  friend class SimBlobWriter;
  struct Waiting {
    std::string key;
    std::string bytes;
    blob::Writer::Committed committed;
  };
  std::optional<Error>& refusal() const {
    return state_.counts_archives ? folder_.refusal : refusal_;
  }
  Result<void> Begin(Kind fails);
  void Keep(Waiting waiting);

  MachineState& state_;
  BlobFolder& folder_;
  const bool syncs_;
  std::vector<Waiting> waiting_;
  mutable std::optional<Error> refusal_;
};

}  // namespace insightd::simulation
