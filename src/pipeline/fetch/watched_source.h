// An archive that streams in: as long as bytes come, whoever reads it gets on, until the process is
// to end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>

#include "base/clock.h"
#include "base/pulse.h"
#include "base/source.h"

namespace insightd::pipeline {

// How long what comes in is waited for once the process is to end: a slow line would keep it.
inline constexpr seconds kStoppingMax{10};

class WatchedSource final : public Source {
 public:
  // `beat` is of the thread that reads; it and `clock` outlive this.
  WatchedSource(std::unique_ptr<Source> source, const Clock& clock, Beat& beat,
                std::stop_token stop)
      : source_(std::move(source)), clock_(clock), beat_(beat), stop_(std::move(stop)) {}

  // kTimeout when `stop` was requested kStoppingMax ago.
  Result<std::size_t> Read(std::span<char> into) override {
    beat_.GoOn();
    if (stop_.stop_requested()) {
      const microseconds now = clock_.Steady();
      if (!stopping_since_) stopping_since_ = now;
      if (now - *stopping_since_ >= kStoppingMax) {
        return Fail(Code::kTimeout, "the process is to end, and the archive has not come yet");
      }
    }
    Result<std::size_t> count = source_->Read(into);
    if (count) bytes_ += *count;
    return count;
  }

  // Read so far.
  std::uint64_t bytes() const { return bytes_; }

 private:
  const std::unique_ptr<Source> source_;
  const Clock& clock_;
  Beat& beat_;
  const std::stop_token stop_;
  std::optional<microseconds> stopping_since_;  // steady
  std::uint64_t bytes_ = 0;
};

}  // namespace insightd::pipeline
