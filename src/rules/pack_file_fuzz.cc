// Any bytes as a pack's file: refused with a reason, or read, and then the same is written again.
// The first byte of the input says whether the rest is the file or, as most changes break gzip's
// sums, the tar in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "archive/pack.h"
#include "rules/pack_file.h"

namespace {

namespace archive = insightd::archive;
using namespace insightd::rules;  // NOLINT: the whole program is about it

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string bytes = data[0] == 't' ? archive::Gzip(rest) : std::string(rest);
  std::optional<PackSeal> asked;
  const auto files = ReadPackFile(bytes, "fuzz", [&](const PackSeal& seal) {
    Require(!asked && seal.files <= kPackFilesMax && seal.bytes <= kPackBytesMax);
    asked = seal;
    return insightd::Result<void>();
  });
  const auto seal = VerifyPackFile(bytes);
  Require(files.has_value() == seal.has_value());
  if (!files) {
    Require(!files.error().message().empty());
    return 0;
  }
  Require(asked && asked->files == files->files.size() && seal->files == asked->files);
  if (seal->signer) return 0;
  const auto again = WritePackFile(*files, seal->name, seal->version, nullptr);
  Require(again && VerifyPackFile(*again));
  const auto read = ReadPackFile(*again, "fuzz");
  Require(read && read->files.size() == files->files.size());
  for (std::size_t i = 0; i < read->files.size(); ++i) {
    Require(read->files[i].path == files->files[i].path);
    Require(read->files[i].text == files->files[i].text);
  }
  return 0;
}
