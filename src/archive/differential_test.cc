// A second opinion: libarchive reads the same bytes. Where both accept, they must agree; what is
// refused by one only has to be one of the differences that unpack.h names.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "archive/pack.h"
#include "archive/testing/second_opinion.h"
#include "archive/unpack.h"
#include "base/random.h"

namespace insightd::archive {
namespace {

namespace fs = std::filesystem;
using testing::AsLibarchiveSees;
using testing::FilesOf;
using testing::LeaveOutLeadingFolder;
using testing::MendChecksums;
using testing::SmallTar;

Result<FileTree> UnpackBytes(Unpacker& unpacker, std::string_view bytes) {
  MemorySource source(bytes);
  return unpacker.Unpack(source, {}, {});
}

std::vector<std::string> DataArchives() {
  const char* const named = std::getenv("INSIGHTD_TEST_DATA");
  const fs::path folder =
      (named != nullptr ? fs::path(named) : fs::path(INSIGHTD_SOURCE_DIR) / "../shared/data") /
      "archives";
  std::vector<std::string> archives;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder, error)) {
    if (file.path().string().find(".tar") == std::string::npos) continue;
    std::ifstream stream(file.path(), std::ios::binary);
    archives.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return archives;
}

TEST(DifferentialTest, AgreesWithLibarchiveAboutTheArchivesOfTheEcosystem) {
  const std::vector<std::string> archives = DataArchives();
  if (archives.empty()) {
    GTEST_SKIP() << "no archives: set INSIGHTD_TEST_DATA to a folder that holds archives/*.tar*";
  }
  Unpacker unpacker;
  for (const std::string& bytes : archives) {
    const auto tree = UnpackBytes(unpacker, bytes);
    ASSERT_TRUE(tree) << tree.error().message();
    auto seen = AsLibarchiveSees(bytes);
    ASSERT_TRUE(seen);
    LeaveOutLeadingFolder(seen->files);
    EXPECT_EQ(FilesOf(*tree), seen->files);
    EXPECT_EQ(tree->newest(), seen->newest);
  }
}

TEST(DifferentialTest, AgreesWithLibarchiveAboutDamagedGzip) {
  const auto random = MakeSeededRandom(7);
  const std::string packed = Gzip(SmallTar());
  Unpacker unpacker;
  int accepted = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = packed;
    bytes[random->Below(bytes.size())] ^= static_cast<char>(1 << random->Below(8));
    const auto tree = UnpackBytes(unpacker, bytes);
    if (!tree) continue;
    // Accepted means that the CRC held, so only the gzip header can have changed.
    ++accepted;
    auto seen = AsLibarchiveSees(bytes);
    if (seen) {
      LeaveOutLeadingFolder(seen->files);
      EXPECT_EQ(FilesOf(*tree), seen->files) << "round " << round;
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(DifferentialTest, AgreesWithLibarchiveAboutTarsWithChangedHeaders) {
  const auto random = MakeSeededRandom(11);
  const std::string good = SmallTar();
  Unpacker unpacker;
  int both = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (std::uint64_t changes = 1 + random->Below(3); changes > 0; --changes) {
      // Names, sizes and times; kinds and magic numbers are where dialects differ on purpose.
      const std::size_t block = 512 * random->Below(bytes.size() / 512);
      const std::size_t at = random->Below(4) == 0 ? random->Below(100) : 100 + random->Below(48);
      bytes[block + at] =
          static_cast<char>(random->Below(2) == 0 ? '0' + random->Below(8) : random->Below(256));
    }
    MendChecksums(bytes);
    const auto tree = UnpackBytes(unpacker, bytes);
    auto seen = AsLibarchiveSees(bytes);
    if (!tree || !seen) continue;
    ++both;
    LeaveOutLeadingFolder(seen->files);
    EXPECT_EQ(FilesOf(*tree), seen->files) << "round " << round;
    if (::testing::Test::HasFailure()) break;
  }
  EXPECT_GT(both, 1000);
}

}  // namespace
}  // namespace insightd::archive
