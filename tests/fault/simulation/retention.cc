#include "retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace insightd::simulation {
namespace {

using store::ArchiveUse;

constexpr std::size_t kAll = 100'000;

}  // namespace

Result<void> Retention::Look(Machine& machine) {
  store::Store& store = machine.real_store();
  keys_.clear();
  for (const auto& [key, _] : folder_.objects) keys_.push_back(key);
  auto uses = store.UsesOf(keys_);
  if (!uses) return Fail(std::move(uses).error());
  auto released = store.ReleasedArchives(Time::max(), kAll);
  if (!released) return Fail(std::move(released).error());
  auto newest = store.NewestArchives(kAll);
  if (!newest) return Fail(std::move(newest).error());
  const auto letters = store.ListDeadLetters({.letters_max = kAll});
  if (!letters) return Fail(letters.error());
  of_letters_.clear();
  for (const store::DeadLetter& letter : *letters) of_letters_.insert(letter.archive);
  uses_ = *std::move(uses);
  released_ = *std::move(released);
  newest_ = *std::move(newest);
  was_overfull_ = std::cmp_greater(machine.blobs().true_bytes(), bytes_max_);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const bool has_end = uses_[i] == ArchiveUse::kReleased || uses_[i] == ArchiveUse::kNewest;
    if (has_end) ended_.insert(keys_[i]);
  }
  return {};
}

std::optional<std::string> Retention::FindWronglyGone() {
  bool is_newest_gone = false;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::string& key = keys_[i];
    if (IsKept(key)) continue;
    if (of_letters_.contains(key)) {
      return fmt::format("archive {} went, although its dead letter is kept", key);
    }
    switch (uses_[i]) {
      case ArchiveUse::kReleased: break;
      case ArchiveUse::kNewest:
        is_newest_gone = true;
        ++removals_.newest;
        break;
      case ArchiveUse::kDeadLetter:  // of another message about the upload
      case ArchiveUse::kUnknown: {
        const SentUpload* upload = uploads_.Find(key);
        if (upload != nullptr && upload->accepted && !upload->dropped && !ended_.contains(key)) {
          return fmt::format("archive {} went before its upload had an end", key);
        }
        ++removals_.unknown;
      }
    }
  }
  if (!is_newest_gone) return {};
  if (!was_overfull_) return "the newest archive of a cluster went, although there was room";
  const auto is_kept = [this](const store::KeptArchive& archive) { return IsKept(archive.key); };
  if (const auto other = std::find_if(released_.begin(), released_.end(), is_kept);
      other != released_.end()) {
    return fmt::format("the newest archive of a cluster went before {}, which nobody needs",
                       other->key);
  }
  const auto oldest = std::find_if(newest_.begin(), newest_.end(), is_kept);
  for (auto later = oldest; later != newest_.end(); ++later) {
    const bool was_kept = std::find(keys_.begin(), keys_.end(), later->key) != keys_.end();
    if (was_kept && !IsKept(later->key)) {
      return fmt::format("archive {} went before {}, which is older", later->key, oldest->key);
    }
  }
  return {};
}

std::optional<std::string> Retention::FindWronglyKept(Machine& machine) {
  const std::int64_t held = machine.blobs().true_bytes();
  const bool is_overfull = std::cmp_greater(held, bytes_max_);
  if (is_overfull != machine.blobs().refuses()) {
    return fmt::format("uploads are {}, although archives have {} bytes of {}",
                       is_overfull ? "accepted" : "refused", held, bytes_max_);
  }
  if (!is_overfull) return {};
  for (const auto* archives : {&released_, &newest_}) {
    for (const store::KeptArchive& archive : *archives) {
      if (!IsKept(archive.key)) continue;
      return fmt::format("archives have {} bytes of {}, although {} can go", held, bytes_max_,
                         archive.key);
    }
  }
  return {};
}

std::optional<std::string> Retention::FindNeedless(Machine& machine) {
  if (auto looked = Look(machine); !looked) return looked.error().message();
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (uses_[i] == ArchiveUse::kNewest || uses_[i] == ArchiveUse::kDeadLetter) continue;
    return fmt::format("archive {}, which belongs to nothing, is kept for good", keys_[i]);
  }
  return {};
}

std::string Retention::Describe() const {
  std::string text;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    text +=
        fmt::format("{}{} ({})", text.empty() ? "" : ", ", keys_[i], static_cast<int>(uses_[i]));
  }
  return text;
}

}  // namespace insightd::simulation
