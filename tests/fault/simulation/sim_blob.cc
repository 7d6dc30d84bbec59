#include "sim_blob.h"

#include <algorithm>

#include "blob/key.h"

namespace insightd::simulation {
namespace {

Error NoObject(std::string_view key) {
  return Error(Code::kNotFound, "blob " + std::string(key) + " does not exist");
}
Error Away() { return Error(Code::kUnavailable, "the archives are away"); }

class SimReader final : public blob::Reader {
 public:
  SimReader(MachineState& state, std::string bytes) : state_(state), bytes_(std::move(bytes)) {}
  std::uint64_t bytes() const override { return bytes_.size(); }
  Result<std::size_t> Read(std::span<char> into) override {
    const Calling calling(state_, "blob.read");
    if (failed_ || !state_.Reaches() || state_.Fires(Kind::kBlobReadFails)) {
      failed_ = true;
      return Fail(Code::kUnavailable, "reading an archive failed");
    }
    // Small pieces, so that a read may fail in the middle.
    constexpr std::size_t kPieceMax = 512;
    const std::size_t count = std::min({into.size(), kPieceMax, bytes_.size() - at_});
    bytes_.copy(into.data(), count, at_);
    at_ += count;
    return count;
  }

 private:
  MachineState& state_;
  const std::string bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace

class SimBlobWriter final : public blob::Writer {
 public:
  SimBlobWriter(SimBlob& blobs, std::string key) : blobs_(blobs), key_(std::move(key)) {}
  Result<void> Append(std::span<const char> bytes) override {
    const Calling calling(blobs_.state_, "blob.append");
    if (auto begun = blobs_.Begin(Kind::kBlobAppendFails); !begun) return begun;
    if (blobs_.state_.Lasts(Kind::kDiskFull)) {
      return Fail(Code::kNoRoom, "no room for the archive");
    }
    bytes_.append(bytes.data(), bytes.size());
    return {};
  }
  void Commit(Committed committed) override {
    if (!blobs_.state_.alive()) return;
    blobs_.waiting_.push_back({key_, std::move(bytes_), std::move(committed)});
    if (!blobs_.syncs_) blobs_.Sync();
  }

 private:
  SimBlob& blobs_;
  const std::string key_;
  std::string bytes_;
};

void BlobFolder::AfterEnd(Ending how, Random& random) {
  if (how == Ending::kPowerLoss) {
    std::erase_if(objects, [](const auto& object) { return !object.second.durable; });
    for (auto& [key, kept] : removed) {
      if (random.Below(2) == 0) objects.emplace(key, std::move(kept));
    }
    removed.clear();
  }
}

Result<void> SimBlob::Begin(Kind fails) {
  if (!state_.Reaches() || state_.Lasts(Kind::kBlobAway) || state_.Fires(fails)) {
    return Fail(Away());
  }
  return {};
}

Result<std::unique_ptr<blob::Writer>> SimBlob::Create(std::string_view key) {
  const Calling calling(state_, "blob.create");
  if (auto checked = blob::CheckKey(key); !checked) return Fail(std::move(checked).error());
  if (auto begun = Begin(Kind::kBlobCreateFails); !begun) return Fail(std::move(begun).error());
  if (refusal()) return Fail(*refusal());
  if (folder_.objects.contains(key)) return Fail(Code::kConflict, "the blob exists");
  return std::make_unique<SimBlobWriter>(*this, std::string(key));
}

Result<std::unique_ptr<blob::Reader>> SimBlob::Open(std::string_view key) {
  const Calling calling(state_, "blob.open");
  if (auto begun = Begin(Kind::kBlobOpenFails); !begun) return Fail(std::move(begun).error());
  const auto at = folder_.objects.find(key);
  if (at == folder_.objects.end()) return Fail(NoObject(key));
  return std::make_unique<SimReader>(state_, at->second.bytes);
}

Result<blob::Object> SimBlob::Stat(std::string_view key) {
  const Calling calling(state_, "blob.stat");
  if (auto begun = Begin(Kind::kBlobOpenFails); !begun) return Fail(std::move(begun).error());
  const auto at = folder_.objects.find(key);
  if (at == folder_.objects.end()) return Fail(NoObject(key));
  return blob::Object{std::string(key), at->second.bytes.size(), at->second.modified};
}

Result<void> SimBlob::Remove(std::string_view key) {
  const Calling calling(state_, "blob.remove");
  if (auto begun = Begin(Kind::kBlobRemoveFails); !begun) return begun;
  const auto at = folder_.objects.find(key);
  if (at == folder_.objects.end()) return {};
  folder_.removed[at->first] = std::move(at->second);
  folder_.objects.erase(at);
  return {};
}

Result<void> SimBlob::RemoveAll(std::span<const std::string> keys) {
  for (const std::string& key : keys) {
    if (auto removed = Remove(key); !removed) return removed;
  }
  for (const std::string& key : keys) folder_.removed.erase(key);
  return {};
}

Result<void> SimBlob::List(const std::function<bool(const blob::Object&)>& visit) {
  const Calling calling(state_, "blob.list");
  if (auto begun = Begin(Kind::kBlobOpenFails); !begun) return begun;
  std::vector<blob::Object> objects;
  for (const auto& [key, kept] : folder_.objects) {
    objects.push_back({key, kept.bytes.size(), kept.modified});
  }
  for (const blob::Object& object : objects) {
    if (!visit(object)) break;
  }
  return {};
}

std::int64_t SimBlob::true_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [key, kept] : folder_.objects) bytes += kept.bytes.size();
  return static_cast<std::int64_t>(bytes);
}

Result<void> SimBlob::Check() {
  const Calling calling(state_, "blob.check");
  if (!state_.alive() || state_.Lasts(Kind::kBlobAway)) return Fail(Away());
  return {};
}

void SimBlob::Keep(Waiting waiting) {
  const Calling calling(state_, "blob.commit");
  if (state_.Lasts(Kind::kBlobAway) || state_.Fires(Kind::kBlobCommitFails)) {
    waiting.committed(Fail(Away()));
    return;
  }
  const bool is_new = folder_.objects
                          .emplace(waiting.key, BlobFolder::Kept{.bytes = std::move(waiting.bytes),
                                                                 .modified = state_.clock.Now(),
                                                                 .durable = syncs_})
                          .second;
  if (!is_new) {
    waiting.committed(Fail(Code::kConflict, "the blob exists"));
    return;
  }
  // The process may end between the rename and the answer.
  if (state_.Fires(Kind::kKillAtSync)) state_.End(Ending::kProcessEnds);
  if (state_.Fires(Kind::kPowerLossAtSync)) state_.End(Ending::kPowerLoss);
  if (!state_.alive()) return;
  if (state_.Fires(Kind::kBlobCommitUnsure)) {
    waiting.committed(Fail(Code::kTimeout, "the archives have not answered in time"));
    return;
  }
  waiting.committed({});
}

void SimBlob::Sync() {
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    if (!state_.alive()) return;
    Keep(std::move(waiting));
  }
  folder_.removed.clear();
}

}  // namespace insightd::simulation
