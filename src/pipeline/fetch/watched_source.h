// An archive that streams in: as long as bytes come, whoever reads it gets on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/pulse.h"
#include "base/source.h"

namespace insightd::pipeline {

class WatchedSource final : public Source {
 public:
  // `beat` is of the thread that reads, and outlives this.
  WatchedSource(std::unique_ptr<Source> source, Beat& beat)
      : source_(std::move(source)), beat_(beat) {}

  Result<std::size_t> Read(std::span<char> into) override {
    beat_.GoOn();
    Result<std::size_t> count = source_->Read(into);
    if (count) bytes_ += *count;
    return count;
  }

  // Read so far.
  std::uint64_t bytes() const { return bytes_; }

 private:
  const std::unique_ptr<Source> source_;
  Beat& beat_;
  std::uint64_t bytes_ = 0;
};

}  // namespace insightd::pipeline
