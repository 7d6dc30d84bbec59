#include "cel/trace.h"

#include <algorithm>

namespace insightd::cel {

void Trace::Called(std::string_view, const Value*, std::size_t, const Value&) {}

const Trace::Journal* Trace::OfSlot(std::uint32_t slot) const {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? nullptr : &found->second;
}

void Trace::Restart(std::uint32_t slot) {
  for (auto at = slots_.lower_bound(slot); at != slots_.end(); at = slots_.erase(at)) {
    total_ -= at->second.reads.size();
  }
  order_.erase(std::remove_if(order_.begin(), order_.end(),
                              [slot](std::uint32_t one) { return one >= slot; }),
               order_.end());
  RestartRoot();
}

void Trace::RestartRoot() {
  total_ -= root_.reads.size();
  root_ = {};
  open_.assign(1, &root_);
  branches_.clear();
  if (total_ < kTraceReadsMax) incomplete_ = false;
}

void Trace::Add(const Read& read) {
  if (total_ >= kTraceReadsMax) {
    incomplete_ = true;
    return;
  }
  open_.back()->reads.push_back(read);
  ++total_;
}

void Trace::Drop(std::size_t from, std::size_t to) {
  std::vector<Read>& reads = open_.back()->reads;
  if (from >= to || to > reads.size()) return;
  total_ -= to - from;
  reads.erase(reads.begin() + static_cast<std::ptrdiff_t>(from),
              reads.begin() + static_cast<std::ptrdiff_t>(to));
}

void Trace::DropRound(std::size_t from) {
  std::vector<Read>& reads = open_.back()->reads;
  std::size_t kept = from;
  for (std::size_t i = from; i < reads.size(); ++i) {
    if (reads[i].what != What::kSlot) continue;
    // The rounds before have left it already, most likely; once more does no harm.
    constexpr std::size_t kLookBack = 64;
    bool is_known = false;
    for (std::size_t k = kept; k > 0 && kept - k < kLookBack && !is_known; --k) {
      is_known = reads[k - 1].what == What::kSlot && reads[k - 1].slot == reads[i].slot;
    }
    if (is_known) continue;
    reads[kept] = reads[i];
    reads[kept++].bulk = true;
  }
  total_ -= reads.size() - kept;
  reads.resize(kept);
}

void Trace::MakeBulk(std::size_t from) {
  std::vector<Read>& reads = open_.back()->reads;
  for (std::size_t i = from; i < reads.size(); ++i) reads[i].bulk = true;
}

void Trace::BeginSlot(std::uint32_t slot) {
  order_.push_back(slot);
  open_.push_back(&slots_[slot]);
}

void Trace::EndSlot(const Value& value) {
  open_.back()->value = value;
  open_.pop_back();
}

std::size_t Trace::EndLogic() {
  const std::size_t last = branches_.back();
  branches_.pop_back();
  return last;
}

}  // namespace insightd::cel
