// Feeds any bytes to the parser of forms, whole and in pieces: both ways must hand out the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/multipart.h"

namespace {

using insightd::Result;
using insightd::http::MultipartParser;
using insightd::http::PartConsumer;
using insightd::http::PartHead;

class Recorder final : public PartConsumer {
 public:
  Result<void> BeginPart(const PartHead& head) override {
    text += "[" + head.name + "|" + head.filename.value_or("") + "|" + head.content_type + "]";
    return {};
  }
  Result<void> PartData(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  Result<void> EndPart() override {
    text += "[end]";
    return {};
  }
  std::string text;
};

std::string Run(std::string_view body, std::size_t step) {
  Recorder recorder;
  MultipartParser parser("b", recorder);
  bool good = true;
  while (good && !body.empty()) {
    good = parser.Push(body.substr(0, step)).has_value();
    body.remove_prefix(std::min(step, body.size()));
  }
  if (!good) recorder.text = "failed";  // how far it came may depend on the pieces
  if (parser.Finish()) recorder.text += "[whole]";
  return recorder.text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (Run(body, body.size() + 1) != Run(body, data[0] % 16 + 1)) std::abort();
  insightd::http::BoundaryOf(body).value_or("");
  return 0;
}
