// Feeds any bytes to the unpacker, whole and in pieces: both ways must end the same, every byte
// that is handed out must be readable, padding too, and limits must hold.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "archive/detect.h"
#include "archive/unpack.h"
#include "base/json.h"

namespace {

using insightd::Source;
using insightd::archive::FileTree;
using insightd::archive::Limits;
using insightd::archive::Member;
using insightd::archive::MemorySource;
using insightd::archive::Unpacker;

class PieceSource final : public Source {
 public:
  PieceSource(std::string_view bytes, std::size_t step) : left_(bytes), step_(step) {}
  insightd::Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t bytes = std::min({out.size(), left_.size(), step_});
    std::copy_n(left_.data(), bytes, out.data());
    left_.remove_prefix(bytes);
    return bytes;
  }

 private:
  std::string_view left_;
  std::size_t step_;
};

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Limits kLimits{
      .unpacked_bytes_max = 4 << 20, .member_bytes_max = 1 << 20, .members_max = 1000};
  static Unpacker unpacker;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  MemorySource whole(bytes);
  auto tree = unpacker.Unpack(whole, {}, kLimits);
  PieceSource pieces(bytes, 1 + size % 61);
  const auto again = unpacker.Unpack(pieces, {}, kLimits);
  Require(tree.has_value() == again.has_value());
  if (!tree) {
    Require(tree.error().message() == again.error().message());
    return 0;
  }
  Require(insightd::archive::LooksLikeArchive(bytes) != insightd::archive::Form::kNeither);
  Require(tree->members().size() == again->members().size());
  Require(tree->totals().bytes <= kLimits.unpacked_bytes_max);
  unsigned sum = 0;
  for (std::size_t i = 0; i < tree->members().size(); ++i) {
    const Member& member = tree->members()[i];
    Require(member.name == again->members()[i].name);
    Require(member.bytes == again->members()[i].bytes);
    Require(!member.name.empty() && member.name.find("..") != 0 && member.name[0] != '/');
    const char* const at = member.bytes.data();
    for (std::size_t j = 0; j < member.bytes.size() + insightd::json::kPadding; ++j) {
      sum += static_cast<unsigned char>(at[j]);
    }
  }
  for (const Member& member : tree->members()) tree->Release(member);
  Require(tree->bytes_held() == 0);
  return sum == 0xffffffff ? -1 : 0;
}
