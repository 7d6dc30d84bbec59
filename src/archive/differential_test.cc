// A second opinion: libarchive reads the same bytes. Where both accept, they must agree; what is
// refused by one only has to be one of the differences that unpack.h names.
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive/names.h"
#include "archive/pack.h"
#include "archive/testing/tar.h"
#include "archive/unpack.h"
#include "base/random.h"

namespace insightd::archive {
namespace {

namespace fs = std::filesystem;

struct Seen {
  std::map<std::string, std::string> files;
  FileTime newest;
};

// What libarchive makes of it, in our form of names; nothing when it refuses, or when a name
// leaves the root.
std::optional<Seen> AsLibarchiveSees(std::string_view bytes) {
  struct archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  archive_read_support_filter_gzip(reader);
  Seen seen;
  bool good = archive_read_open_memory(reader, bytes.data(), bytes.size()) == ARCHIVE_OK;
  bool first = true;
  while (good) {
    struct archive_entry* entry = nullptr;
    const int result = archive_read_next_header(reader, &entry);
    if (result == ARCHIVE_EOF) break;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
      good = false;
      break;
    }
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr ||
        archive_entry_sparse_count(entry) > 0) {
      continue;
    }
    std::string content;
    char buffer[16 << 10];
    la_ssize_t got = 0;
    while ((got = archive_read_data(reader, buffer, sizeof(buffer))) > 0) {
      content.append(buffer, static_cast<std::size_t>(got));
    }
    std::string scratch;
    const char* path = archive_entry_pathname(entry);
    const auto name = NormalName(path == nullptr ? "" : path, scratch);
    if (got < 0 || !name) {
      good = false;
      break;
    }
    const FileTime modified{archive_entry_mtime(entry),
                            static_cast<std::uint32_t>(archive_entry_mtime_nsec(entry))};
    seen.newest = first ? modified : std::max(seen.newest, modified);
    first = false;
    seen.files[std::string(*name)] = std::move(content);
  }
  archive_read_free(reader);
  if (!good) return std::nullopt;
  return seen;
}

std::map<std::string, std::string> FilesOf(const FileTree& tree) {
  std::map<std::string, std::string> files;
  for (const Member& member : tree.members()) {
    files[std::string(member.name)] = std::string(member.bytes);
  }
  return files;
}

// As unpack.h says: the folder that all lie in, when it holds a root.
void LeaveOutLeadingFolder(std::map<std::string, std::string>& files) {
  if (files.empty()) return;
  const std::string& any = files.begin()->first;
  const std::string folder = any.substr(0, any.find('/') + 1);
  bool is_root = false;
  for (const auto& [name, bytes] : files) {
    if (folder.empty() || !name.starts_with(folder)) return;
    const std::string_view rest = std::string_view(name).substr(folder.size());
    is_root = is_root || rest.starts_with("config/") || rest.starts_with("insights-operator/");
  }
  if (!is_root) return;
  std::map<std::string, std::string> rest;
  for (auto& [name, bytes] : files) rest[name.substr(folder.size())] = std::move(bytes);
  files = std::move(rest);
}

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

std::string SmallTar() {
  testing::TarBuilder tar;
  tar.Add({.name = "config/id", .bytes = "42", .modified_s = 1'724'820'900});
  tar.Pax({{"path", "config/" + std::string(120, 'p')}, {"mtime", "1724820901.5"}});
  tar.Add({.name = "short", .bytes = std::string(700, 'x')});
  tar.GnuName("config/" + std::string(150, 'g')).Add({.name = "short", .bytes = "gnu"});
  tar.Add({.name = "config/link", .flag = '2', .link = "id"});
  tar.Add({.name = "config/folder/", .flag = '5'});
  tar.Add({.name = "config/b", .bytes = "b", .modified_s = 5, .base_256 = true});
  return tar.End();
}

// Puts a header's checksum right again, so that a change gets past it.
void MendChecksums(std::string& tar) {
  for (std::size_t at = 0; at + 512 <= tar.size(); at += 512) {
    if (tar.compare(at + 257, 5, "ustar") != 0) continue;
    unsigned sum = 8 * ' ';
    for (std::size_t i = 0; i < 512; ++i) {
      if (i < 148 || i >= 156) sum += static_cast<unsigned char>(tar[at + i]);
    }
    std::snprintf(tar.data() + at + 148, 8, "%06o", sum);
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
