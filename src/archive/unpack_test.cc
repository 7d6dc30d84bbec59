// Every odd archive has one outcome; the table in unpack.h says which.
#include "archive/unpack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "archive/pack.h"
#include "archive/testing/tar.h"

namespace insightd::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Tar;
using testing::TarBuilder;

// Hands out a few bytes at a time, as a slow connection does.
class DribblingSource final : public Source {
 public:
  DribblingSource(std::string_view bytes, std::size_t step) : left_(bytes), step_(step) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t bytes = std::min({out.size(), left_.size(), step_});
    std::copy_n(left_.data(), bytes, out.data());
    left_.remove_prefix(bytes);
    return bytes;
  }

 private:
  std::string_view left_;
  std::size_t step_;
};

class BrokenSource final : public Source {
 public:
  explicit BrokenSource(std::string_view bytes) : good_(bytes) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const auto got = good_.Read(out);
    if (*got > 0) return got;
    return Fail(Code::kUnavailable, "the disk is away");
  }

 private:
  MemorySource good_;
};

Result<FileTree> UnpackBytes(std::string_view bytes, const Wanted& wanted = {},
                             const Limits& limits = {}) {
  MemorySource source(bytes);
  return Unpack(source, wanted, limits);
}

std::string_view BytesOf(const FileTree& tree, std::string_view name) {
  const Member* const member = tree.Find(name);
  return member == nullptr ? "(no such member)" : member->bytes;
}

std::vector<std::string> Names(const FileTree& tree) {
  std::vector<std::string> names;
  for (const Member& member : tree.members()) names.emplace_back(member.name);
  return names;
}

void ExpectFails(std::string_view bytes, Code code, std::string_view says) {
  const Result<FileTree> tree = UnpackBytes(bytes);
  ASSERT_FALSE(tree) << "expected: " << says;
  EXPECT_EQ(CodeName(tree.error().code()), CodeName(code));
  EXPECT_THAT(tree.error().message(), HasSubstr(std::string(says)));
  EXPECT_EQ(VerdictFor(tree.error().code()), Verdict::kDeadLetter);
}

// Bytes that do not compress well and differ by `seed`.
std::string Noise(std::size_t bytes, std::uint32_t seed) {
  std::string noise(bytes, '\0');
  for (char& c : noise) {
    seed = seed * 1664525 + 1013904223;
    c = static_cast<char>(seed >> 24);
  }
  return noise;
}

TEST(UnpackTest, ReadsAPlainTar) {
  const auto tree = UnpackBytes(Tar({{"config/id", "42\n"}, {"config/empty", ""}}));
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_THAT(Names(*tree), ElementsAre("config/empty", "config/id"));
  EXPECT_EQ(BytesOf(*tree, "config/id"), "42\n");
  EXPECT_EQ(BytesOf(*tree, "config/empty"), "");
  EXPECT_EQ(tree->Find("config/i"), nullptr);
}

TEST(UnpackTest, ReadsAGzippedTar) {
  const auto tree = UnpackBytes(Gzip(Tar({{"config/id", "42"}})));
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(BytesOf(*tree, "config/id"), "42");
}

TEST(UnpackTest, CountsWhatWasThereWantedOrNot) {
  const std::string packed = Gzip(TarBuilder()
                                      .Add({.name = "config/id", .bytes = "42", .modified_s = 7})
                                      .Add({.name = "big", .bytes = "12345", .modified_s = 9})
                                      .Add({.name = "folder/", .modified_s = 99, .flag = '5'})
                                      .End());
  const auto tree = UnpackBytes(packed, [](std::string_view name) { return name == "config/id"; });
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("config/id"));
  EXPECT_EQ(tree->members()[0].modified_s, 7);
  EXPECT_EQ(tree->newest(), (FileTime{9, 0}));
  EXPECT_EQ(tree->totals().members, 2U);
  EXPECT_EQ(tree->totals().bytes, 7U);
  EXPECT_EQ(tree->totals().packed_bytes, packed.size());
  EXPECT_EQ(tree->totals().unpacked_bytes, 5 * 512U + 1024U);
  EXPECT_EQ(tree->notes_total(), 0U);
}

TEST(UnpackTest, GivesTheSameHoweverTheBytesArrive) {
  TarBuilder tar;
  for (std::uint32_t i = 0; i < 40; ++i) {
    const std::string bytes = Noise(i * 777, i);
    tar.Add({.name = "config/" + std::to_string(i), .bytes = bytes});
  }
  // Two gzip members, the border in the middle of one of the tar's.
  const std::string plain = tar.End();
  const std::string packed = Gzip(plain.substr(0, 100'001)) + Gzip(plain.substr(100'001));
  for (const std::string& archive : {plain, packed}) {
    for (const std::size_t step : {1UL, 7UL, 511UL, 65'537UL, 10'000'000UL}) {
      DribblingSource source(archive, step);
      const auto tree = Unpack(source);
      ASSERT_TRUE(tree) << step << ": " << tree.error().message();
      ASSERT_EQ(tree->members().size(), 40U);
      for (std::uint32_t i = 0; i < 40; ++i) {
        EXPECT_EQ(BytesOf(*tree, "config/" + std::to_string(i)), Noise(i * 777, i));
      }
    }
  }
}

TEST(UnpackTest, KeepsMembersThatLieAcrossWindowsOrAreLargerThanOne) {
  const std::vector<std::size_t> sizes = {700'000,   60'000, 60'000,    200'000, 30'000,  70'000,
                                          3'000'000, 1,      1'048'576, 0,       500'000, 65'536};
  for (const bool gzip : {false, true}) {
    TarBuilder tar;
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
      tar.Add({.name = "config/" + std::to_string(i), .bytes = Noise(sizes[i], i)});
    }
    const auto tree = UnpackBytes(gzip ? Gzip(tar.End(), 1) : tar.End());
    ASSERT_TRUE(tree) << tree.error().message();
    for (std::uint32_t i = 0; i < sizes.size(); ++i) {
      EXPECT_EQ(BytesOf(*tree, "config/" + std::to_string(i)), Noise(sizes[i], i)) << i;
    }
  }
}

TEST(UnpackTest, IsUsedAgainAlsoAfterAFailure) {
  Unpacker unpacker;
  const std::string good = Gzip(Tar({{"config/id", "42"}}));
  for (int round = 0; round < 3; ++round) {
    for (const std::string& bad : {good.substr(0, 30), good + "x", std::string("?")}) {
      MemorySource source(bad);
      EXPECT_FALSE(unpacker.Unpack(source, {}, {}));
    }
    MemorySource source(good);
    const auto tree = unpacker.Unpack(source, {}, {});
    ASSERT_TRUE(tree);
    EXPECT_EQ(BytesOf(*tree, "config/id"), "42");
  }
}

TEST(UnpackTest, LeavesTheTreeAliveWhenTheUnpackerIsGone) {
  Result<FileTree> tree = UnpackBytes(Tar({{"config/id", "42"}}));
  const FileTree moved = std::move(*tree);
  EXPECT_EQ(BytesOf(moved, "config/id"), "42");
}

// -- not an archive, or a damaged one

TEST(UnpackTest, RefusesWhatIsNoArchive) {
  ExpectFails("", Code::kInvalid, "empty");
  ExpectFails("hello", Code::kInvalid, "neither gzip nor tar");
  ExpectFails(std::string(10'240, '\0'), Code::kInvalid, "neither gzip nor tar");
  ExpectFails(Noise(2000, 1), Code::kInvalid, "neither gzip nor tar");
  ExpectFails(Gzip(std::string(2000, 'x')), Code::kInvalid, "no tar inside");
}

TEST(UnpackTest, AcceptsAGzippedTarWithoutMembers) {
  const auto tree = UnpackBytes(Gzip(std::string(1024, '\0')));
  ASSERT_TRUE(tree);
  EXPECT_TRUE(tree->members().empty());
  EXPECT_EQ(tree->newest(), FileTime{});
}

TEST(UnpackTest, RefusesAGzipThatIsCutAnywhere) {
  const std::string packed = Gzip(Tar({{"config/id", Noise(3000, 5)}}));
  for (std::size_t bytes = 2; bytes < packed.size(); ++bytes) {
    const auto tree = UnpackBytes(std::string_view(packed).substr(0, bytes));
    ASSERT_FALSE(tree) << bytes;
    EXPECT_EQ(tree.error().code(), Code::kCorrupt) << bytes << tree.error().message();
  }
  ExpectFails(packed.substr(0, packed.size() - 1), Code::kCorrupt, "cut short");
}

TEST(UnpackTest, RefusesATarThatIsCutAnywhereBeforeItsClosingBlock) {
  const std::string tar = Tar({{"config/id", Noise(3000, 5)}, {"config/x", "x"}});
  const std::size_t end = tar.size() - 1024;
  for (std::size_t bytes = 512; bytes <= end; ++bytes) {
    const auto tree = UnpackBytes(std::string_view(tar).substr(0, bytes));
    ASSERT_FALSE(tree) << bytes;
    EXPECT_EQ(tree.error().code(), Code::kCorrupt) << bytes;
    EXPECT_THAT(tree.error().message(), HasSubstr("cut short"));
  }
  EXPECT_TRUE(UnpackBytes(std::string_view(tar).substr(0, end + 512)));
}

TEST(UnpackTest, RefusesAGzippedTarThatIsCutInsideAMember) {
  const std::string tar = Tar({{"config/id", Noise(3000, 5)}});
  ExpectFails(Gzip(tar.substr(0, 1000)), Code::kCorrupt, "cut short");
  ExpectFails(Gzip(tar.substr(0, 100)), Code::kCorrupt, "cut short");
}

TEST(UnpackTest, AcceptsAndNotesAGzippedTarWithoutClosingBlock) {
  const auto tree = UnpackBytes(Gzip(TarBuilder().Add({.name = "a", .bytes = "b"}).Open()));
  ASSERT_TRUE(tree);
  EXPECT_EQ(BytesOf(*tree, "a"), "b");
  EXPECT_THAT(tree->notes(), ElementsAre("the tar ends without its closing block"));
}

TEST(UnpackTest, RefusesAWrongCrcOrLengthInTheGzipTrailer) {
  const std::string good = Gzip(Tar({{"config/id", "42"}}));
  for (std::size_t back = 1; back <= 8; ++back) {
    std::string bad = good;
    bad[bad.size() - back] ^= 1;
    ExpectFails(bad, Code::kCorrupt, "CRC or length");
  }
}

TEST(UnpackTest, RefusesBytesBehindTheLastGzipMemberButForZeros) {
  const std::string good = Gzip(Tar({{"config/id", "42"}}));
  ExpectFails(good + "x", Code::kCorrupt, "behind the last gzip member");
  ExpectFails(good + std::string("\0x", 2), Code::kCorrupt, "behind the last gzip member");
  ExpectFails(good + std::string(5, '\0') + good, Code::kCorrupt, "behind the last gzip member");
  ExpectFails(good + "\x1f", Code::kCorrupt, "cut short");
  ExpectFails(good + "\x1fxxxxxxxxxxxxxxxxxxxx", Code::kCorrupt, "header is damaged");
  EXPECT_TRUE(UnpackBytes(good + std::string(100'000, '\0')));
}

TEST(UnpackTest, PassesTheOptionalFieldsOfAGzipHeaderOver) {
  const std::string good = Gzip(Tar({{"config/id", "42"}}));
  const auto with = [&](char flags, std::string_view fields) {
    return good.substr(0, 3) + flags + good.substr(4, 6) + std::string(fields) + good.substr(10);
  };
  for (const std::string& packed : {with(0x01, ""), with(0x04, std::string_view("\x03\0abc", 5)),
                                    with(0x08, std::string_view("name\0", 5)),
                                    with(0x1c, std::string_view("\x01\0xname\0comment\0", 16))}) {
    for (const std::size_t step : {1UL, 1000UL}) {
      DribblingSource source(packed, step);
      const auto tree = Unpack(source);
      ASSERT_TRUE(tree) << tree.error().message();
      EXPECT_EQ(BytesOf(*tree, "config/id"), "42");
    }
  }
  ExpectFails(with(0x20, ""), Code::kCorrupt, "header is damaged");
  ExpectFails(with(0x02, "xx"), Code::kCorrupt, "header is damaged");
  ExpectFails(with(0x08, "name").substr(0, 14), Code::kCorrupt, "cut short");
}

TEST(UnpackTest, ReadsOnInFurtherGzipMembersEmptyOnesToo) {
  const std::string tar = Tar({{"config/a", "1"}, {"config/b", "2"}});
  std::string packed = Gzip("");
  for (std::size_t at = 0; at < tar.size(); at += 100) {
    packed += Gzip(tar.substr(at, 100)) + Gzip("");
  }
  const auto tree = UnpackBytes(packed);
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_THAT(Names(*tree), ElementsAre("config/a", "config/b"));
}

TEST(UnpackTest, ChecksButDoesNotReadWhatIsBehindTheEndOfTheTar) {
  const std::string one = Gzip(Tar({{"config/a", "1"}}));
  const std::string two = Gzip(Tar({{"config/b", "2"}}));
  const auto tree = UnpackBytes(one + two);
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("config/a"));
  EXPECT_THAT(tree->notes(), ElementsAre("bytes behind the end of the tar were not read"));
  ExpectFails(one + two.substr(0, two.size() - 3), Code::kCorrupt, "cut short");
}

TEST(UnpackTest, PassesAnErrorOfTheSourceOn) {
  for (const std::string& bytes : {std::string(), Gzip(Tar({{"a", "b"}})), Tar({{"a", "b"}})}) {
    BrokenSource source(bytes);
    const auto tree = Unpack(source);
    ASSERT_FALSE(tree);
    EXPECT_EQ(tree.error().code(), Code::kUnavailable);
  }
}

TEST(UnpackTest, RefusesADamagedHeaderBehindAGoodOne) {
  ExpectFails(TarBuilder().Add({.name = "a"}).Add({.name = "b", .bad_checksum = true}).End(),
              Code::kCorrupt, "entry 2: the checksum");
}

TEST(UnpackTest, RefusesASizeThatIsNone) {
  ExpectFails(
      TarBuilder().Add({.name = "a", .claimed_size = ~std::uint64_t{0}, .base_256 = true}).End(),
      Code::kCorrupt, "size of \"a\"");
}

// -- names

TEST(UnpackTest, RefusesANameThatLeavesTheRootWhateverItNames) {
  for (const char* name : {"../etc/passwd", "config/../../x", "config/..", ".."}) {
    for (const char flag : {'0', '1', '2', '3', '5', '6', 'S', '?'}) {
      ExpectFails(TarBuilder().Add({.name = "config/id"}).Add({.name = name, .flag = flag}).End(),
                  Code::kCorrupt, "leaves the root");
    }
  }
  ExpectFails(Tar({{"/etc/passwd", "x"}}), Code::kCorrupt, "is absolute");
  ExpectFails(TarBuilder().Pax({{"path", "a/../b"}}).Add({.name = "good"}).End(), Code::kCorrupt,
              "leaves the root");
  ExpectFails(TarBuilder().GnuName("/a").Add({.name = "good"}).End(), Code::kCorrupt,
              "is absolute");
}

TEST(UnpackTest, AcceptsDotsThatAreNoParentFolder) {
  const auto tree = UnpackBytes(Tar({{"config/..x", "1"}, {"config/x..", "2"}, {".../y", "3"}}));
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre(".../y", "config/..x", "config/x.."));
}

TEST(UnpackTest, LeavesDotPartsOutOfNames) {
  const auto tree = UnpackBytes(Tar({{"./config/id", "1"}, {"config//./x", "2"}, {"././y", "3"}}));
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("config/id", "config/x", "y"));
}

TEST(UnpackTest, RefusesAMemberWithoutAName) {
  ExpectFails(Tar({{"", "1"}}), Code::kCorrupt, "without a name");
  ExpectFails(Tar({{".", "1"}}), Code::kCorrupt, "without a name");
}

TEST(UnpackTest, ShowsBytesThatAreNoUtf8AsReplacementCharacters) {
  const auto tree = UnpackBytes(Tar({{"config/\xff", "1"}, {"config/ü", "2"}}));
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("config/ü", "config/\xef\xbf\xbd"));
}

TEST(UnpackTest, CountsTheLaterOfTwoMembersWithOneName) {
  const auto tree = UnpackBytes(Tar({{"config/id", "1"}, {"./config/id", "22"}, {"x", "3"}}));
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("config/id", "x"));
  EXPECT_EQ(BytesOf(*tree, "config/id"), "22");
  EXPECT_THAT(tree->notes(), ElementsAre(HasSubstr("\"config/id\" is there more than once")));
}

// -- the leading folder

TEST(UnpackTest, LeavesOutAFolderThatAllMembersLieIn) {
  const auto tree = UnpackBytes(TarBuilder()
                                    .Add({.name = "mine/", .flag = '5'})
                                    .Add({.name = "mine/config/id", .bytes = "42"})
                                    .Add({.name = "mine/events/a.json", .bytes = "{}"})
                                    .End());
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("config/id", "events/a.json"));
}

TEST(UnpackTest, TakesInsightsOperatorForARootToo) {
  const auto tree = UnpackBytes(Tar({{"./a/insights-operator/gathers.json", "{}"}}));
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("insights-operator/gathers.json"));
}

TEST(UnpackTest, KeepsAFolderThatIsNoLeadingOne) {
  // Not all members lie in it; or it holds no root; or only the last part of a name looks so.
  for (const std::string& tar :
       {Tar({{"a/config/id", "1"}, {"b/x", "2"}}), Tar({{"a/config/id", "1"}, {"x", "2"}}),
        Tar({{"a/aggregated/x.json", "1"}, {"a/x", "2"}}), Tar({{"a/config", "1"}, {"a/b", "2"}}),
        Tar({{"a/b/config/id", "1"}, {"a/b/c", "2"}})}) {
    const auto tree = UnpackBytes(tar);
    ASSERT_TRUE(tree);
    EXPECT_EQ(tree->members().size(), 2U);
    EXPECT_TRUE(tree->members()[0].name.starts_with("a/"));
  }
}

TEST(UnpackTest, AsksForANameWithAndWithoutItsFirstPartUntilOneIsRuledOut) {
  const Wanted wanted = [](std::string_view name) { return name == "config/id" || name == "x"; };
  const auto in_folder = UnpackBytes(Tar({{"a/config/id", "1"}, {"a/y", "2"}}), wanted);
  ASSERT_TRUE(in_folder);
  EXPECT_THAT(Names(*in_folder), ElementsAre("config/id"));

  const auto two_folders =
      UnpackBytes(Tar({{"a/config/id", "1"}, {"config/id", "2"}, {"b/x", "3"}}), wanted);
  ASSERT_TRUE(two_folders);
  EXPECT_THAT(Names(*two_folders), ElementsAre("config/id"));
  EXPECT_EQ(BytesOf(*two_folders, "config/id"), "2");

  // Wanted under its whole name only, which it does not keep.
  const auto whole = UnpackBytes(Tar({{"a/config/id", "1"}, {"a/x", "2"}}),
                                 [](std::string_view name) { return name == "a/x"; });
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->members().empty());
  EXPECT_EQ(whole->bytes_held(), 0U);
}

// -- what is passed over

TEST(UnpackTest, PassesLinksDevicesAndUnknownKindsOverAndNotesThem) {
  const auto tree = UnpackBytes(TarBuilder()
                                    .Add({.name = "hard", .flag = '1', .link = "/etc/passwd"})
                                    .Add({.name = "soft", .flag = '2', .link = "../.."})
                                    .Add({.name = "tty", .flag = '3'})
                                    .Add({.name = "disk", .flag = '4'})
                                    .Add({.name = "pipe", .flag = '6'})
                                    .Add({.name = "what", .bytes = "data", .flag = 'D'})
                                    .Add({.name = "config/id", .bytes = "42", .modified_s = 5})
                                    .End());
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_THAT(Names(*tree), ElementsAre("config/id"));
  EXPECT_EQ(tree->totals().members, 1U);
  EXPECT_THAT(tree->notes(), ElementsAre("\"hard\" is a hard link and was passed over",
                                         "\"soft\" is a symbolic link and was passed over",
                                         "\"tty\" is a device and was passed over",
                                         "\"disk\" is a device and was passed over",
                                         "\"pipe\" is a fifo and was passed over",
                                         "\"what\" is of the unknown kind 68 and was passed over"));
}

TEST(UnpackTest, IgnoresASizeThatALinkOrFolderClaims) {
  const auto tree = UnpackBytes(TarBuilder()
                                    .Add({.name = "l", .flag = '2', .claimed_size = 5000})
                                    .Add({.name = "f/", .flag = '5', .claimed_size = 5000})
                                    .Add({.name = "config/id", .bytes = "42"})
                                    .End());
  ASSERT_TRUE(tree);
  EXPECT_EQ(BytesOf(*tree, "config/id"), "42");
}

TEST(UnpackTest, PassesSparseFilesOver) {
  // GNU's old form: the map goes on in two further blocks.
  std::string map(1024, '\0');
  map[504] = 1;
  TarBuilder tar;
  tar.AddHeader({.name = "old", .flag = 'S', .claimed_size = 600});
  std::string bytes = tar.Open();
  bytes[482] = 1;
  unsigned sum = 0;
  std::fill_n(bytes.begin() + 148, 8, ' ');
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(bytes[i]);
  std::snprintf(bytes.data() + 148, 8, "%06o", sum);
  bytes += map + std::string(1024, 'd');
  bytes += TarBuilder()
               .Pax({{"GNU.sparse.major", "1"}, {"GNU.sparse.name", "new"}})
               .Add({.name = "GNUSparseFile.0/new", .bytes = "1\n0\n1\nx"})
               .Add({.name = "config/id", .bytes = "42"})
               .End();
  const auto tree = UnpackBytes(bytes);
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_THAT(Names(*tree), ElementsAre("config/id"));
  EXPECT_EQ(tree->notes_total(), 2U);
}

TEST(UnpackTest, KeepsABoundedNumberOfNotesAndCountsAll) {
  TarBuilder tar;
  for (int i = 0; i < 100; ++i) tar.Add({.name = "l", .flag = '2'});
  const auto tree = UnpackBytes(tar.End());
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->notes().size(), FileTree::kNotesMax);
  EXPECT_EQ(tree->notes_total(), 100U);
}

// -- dialects

TEST(UnpackTest, JoinsPrefixAndNameOfUstarOnly) {
  const auto tree = UnpackBytes(TarBuilder()
                                    .Add({.name = "id", .bytes = "1", .prefix = "config/long"})
                                    .Add({.name = "gnu",
                                          .bytes = "2",
                                          .prefix = "12345678901",
                                          .magic = std::string_view("ustar  \0", 8)})
                                    .Add({.name = "v7",
                                          .bytes = "3",
                                          .flag = '\0',
                                          .prefix = "junk",
                                          .magic = std::string_view("\0\0\0\0\0\0\0\0", 8)})
                                    .End());
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("config/long/id", "gnu", "v7"));
}

TEST(UnpackTest, TakesAV7NameWithASlashAtItsEndForAFolder) {
  const auto tree = UnpackBytes(Tar({{"config/", ""}, {"config/id", "42"}}));
  ASSERT_TRUE(tree);
  EXPECT_THAT(Names(*tree), ElementsAre("config/id"));
}

TEST(UnpackTest, ReadsGnuLongNamesAndPassesLongTargetsOver) {
  const std::string name = "config/" + std::string(300, 'n') + "/x";
  const auto tree = UnpackBytes(TarBuilder()
                                    .Add({.name = "t", .bytes = std::string(200, 't'), .flag = 'K'})
                                    .GnuName(name)
                                    .Add({.name = "short", .bytes = "42"})
                                    .Add({.name = "next", .bytes = "43"})
                                    .End());
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_THAT(Names(*tree), ElementsAre(name, "next"));
}

TEST(UnpackTest, HonoursPaxPathSizeAndTimeForOneMember) {
  const auto tree = UnpackBytes(TarBuilder()
                                    .Pax({{"path", "config/ü"},
                                          {"size", "3"},
                                          {"mtime", "1724820900.75"},
                                          {"linkpath", "/etc/passwd"},
                                          {"SCHILY.xattr.user.x", "y\nz"}})
                                    .AddHeader({.name = "short", .claimed_size = 0})
                                    .AddData("abc")
                                    .Add({.name = "plain", .bytes = "1", .modified_s = 3})
                                    .End());
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(BytesOf(*tree, "config/ü"), "abc");
  EXPECT_EQ(tree->Find("config/ü")->modified_s, 1'724'820'900);
  EXPECT_EQ(tree->Find("plain")->modified_s, 3);
}

TEST(UnpackTest, KeepsTheFractionOfTheNewestTime) {
  const auto newest = [](std::string_view time) {
    const auto tree = UnpackBytes(
        TarBuilder().Pax({{"mtime", time}}).Add({.name = "a"}).Add({.name = "b"}).End());
    EXPECT_TRUE(tree) << tree.error().message();
    return tree ? tree->newest() : FileTime{};
  };
  EXPECT_EQ(newest("1679564354.7068613"), (FileTime{1'679'564'354, 706'861'300}));
  EXPECT_EQ(newest("5.0000000019"), (FileTime{5, 1}));
  EXPECT_EQ(newest("5."), (FileTime{5, 0}));
  EXPECT_EQ(newest("0.5"), (FileTime{0, 500'000'000}));
  // Below zero the fraction is counted from the second before.
  const auto before = UnpackBytes(TarBuilder().Pax({{"mtime", "-1.25"}}).Add({.name = "a"}).End());
  ASSERT_TRUE(before);
  EXPECT_EQ(before->newest(), (FileTime{-2, 750'000'000}));
  ExpectFails(TarBuilder().Pax({{"mtime", "5.x"}}).Add({.name = "a"}).End(), Code::kCorrupt,
              "mtime");
}

TEST(UnpackTest, TakesOfAGlobalPaxHeaderTheTimeOnly) {
  const auto tree =
      UnpackBytes(TarBuilder()
                      .Pax({{"path", "nonsense"}, {"mtime", "77"}, {"size", "1"}}, 'g')
                      .Add({.name = "a", .bytes = "12"})
                      .Pax({{"mtime", "88"}})
                      .Add({.name = "b", .bytes = "12"})
                      .End());
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_THAT(Names(*tree), ElementsAre("a", "b"));
  EXPECT_EQ(tree->Find("a")->modified_s, 77);
  EXPECT_EQ(tree->Find("b")->modified_s, 88);
}

TEST(UnpackTest, RefusesDamagedPaxRecords) {
  for (const char* records : {"x", "5 a=b", "8 a=bc\n", "99 a=b\n", "6 abc\n", "6 =bc\n", "0 a=b\n",
                              "18446744073709551616 a=b\n", "-6 a=b\n"}) {
    ExpectFails(
        TarBuilder().Add({.name = "p", .bytes = records, .flag = 'x'}).Add({.name = "a"}).End(),
        Code::kCorrupt, "PAX header");
  }
  ExpectFails(TarBuilder().Pax({{"size", "-1"}}).Add({.name = "a"}).End(), Code::kCorrupt, "size");
  ExpectFails(TarBuilder().Pax({{"mtime", "now"}}).Add({.name = "a"}).End(), Code::kCorrupt,
              "mtime");
  ExpectFails(TarBuilder().Pax({{"path", std::string_view("a\0b", 3)}}).Add({.name = "a"}).End(),
              Code::kCorrupt, "NUL");
}

TEST(UnpackTest, RefusesAnExtensionHeaderThatDescribesNothing) {
  ExpectFails(TarBuilder().Pax({{"path", "a"}}).End(), Code::kCorrupt, "without a member");
  ExpectFails(Gzip(TarBuilder().GnuName("a").Open()), Code::kCorrupt, "cut short");
}

TEST(UnpackTest, ReadsSizesAndTimesInBase256AndSignedChecksums) {
  const auto tree =
      UnpackBytes(TarBuilder()
                      .Add({.name = "a", .bytes = "12", .modified_s = -5, .base_256 = true})
                      .Add({.name = "\xc3\xbc", .bytes = "3", .signed_checksum = true})
                      .End());
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(BytesOf(*tree, "a"), "12");
  EXPECT_EQ(tree->Find("a")->modified_s, -5);
  EXPECT_EQ(BytesOf(*tree, "ü"), "3");
}

TEST(UnpackTest, KeepsTimesWithinWhatRulesCanHold) {
  const auto tree =
      UnpackBytes(TarBuilder().Pax({{"mtime", "9000000000000000000"}}).Add({.name = "a"}).End());
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->newest().seconds, 253'402'300'799);  // the end of the year 9999
}

// -- limits

TEST(UnpackTest, StopsAtTheLimitOfAllBytes) {
  const std::string tar = Tar({{"a", std::string(3000, 'x')}});
  EXPECT_TRUE(UnpackBytes(tar, {}, {.unpacked_bytes_max = tar.size()}));
  EXPECT_TRUE(UnpackBytes(Gzip(tar), {}, {.unpacked_bytes_max = tar.size()}));
  for (const std::string& archive : {tar, Gzip(tar)}) {
    const auto tree = UnpackBytes(archive, {}, {.unpacked_bytes_max = tar.size() - 1});
    ASSERT_FALSE(tree);
    EXPECT_EQ(tree.error().code(), Code::kTooLarge);
    EXPECT_THAT(tree.error().message(), HasSubstr("pipeline.unpacked_bytes_max"));
  }
}

TEST(UnpackTest, StopsABombOfZerosBehindTheEndOfTheTar) {
  const std::string bomb = Gzip(Tar({{"a", "b"}}) + std::string(50 << 20, '\0'), 1);
  const auto tree = UnpackBytes(bomb, {}, {.unpacked_bytes_max = 10 << 20});
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code(), Code::kTooLarge);
}

TEST(UnpackTest, RefusesAMemberAtItsHeaderWhenItWouldGoOverALimit) {
  const auto over_member = UnpackBytes(TarBuilder().Add({.name = "a", .bytes = "12345"}).End(), {},
                                       {.member_bytes_max = 4});
  ASSERT_FALSE(over_member);
  EXPECT_EQ(over_member.error().code(), Code::kTooLarge);
  EXPECT_THAT(over_member.error().message(),
              HasSubstr("\"a\" of 5 bytes is over pipeline.member_bytes_max (4)"));

  // There are no such bytes; the promise is enough.
  const auto over_all =
      UnpackBytes(TarBuilder().Add({.name = "a", .claimed_size = 9000}).End(),
                  [](std::string_view) { return false; }, {.unpacked_bytes_max = 8000});
  ASSERT_FALSE(over_all);
  EXPECT_EQ(over_all.error().code(), Code::kTooLarge);
  EXPECT_THAT(over_all.error().message(), HasSubstr("pipeline.unpacked_bytes_max"));
}

TEST(UnpackTest, StopsAtTheLimitOfMembersOfEveryKind) {
  TarBuilder tar;
  tar.Add({.name = "a"}).Add({.name = "l", .flag = '2'}).Add({.name = "f/", .flag = '5'});
  EXPECT_TRUE(UnpackBytes(tar.End(), {}, {.members_max = 3}));
  const auto tree = UnpackBytes(tar.End(), {}, {.members_max = 2});
  ASSERT_FALSE(tree);
  EXPECT_EQ(tree.error().code(), Code::kTooLarge);
  EXPECT_THAT(tree.error().message(), HasSubstr("pipeline.members_max"));
}

TEST(UnpackTest, RefusesAnExtensionHeaderOfAbsurdSize) {
  ExpectFails(TarBuilder().AddHeader({.name = "p", .flag = 'x', .claimed_size = 2 << 20}).End(),
              Code::kTooLarge, "extension header");
}

// -- memory

TEST(UnpackTest, GivesTheBytesOfReleasedMembersBack) {
  TarBuilder tar;
  for (std::uint32_t i = 0; i < 40; ++i) {
    tar.Add({.name = "config/" + std::to_string(i), .bytes = Noise(200'000, i)});
  }
  auto tree = UnpackBytes(tar.End());
  ASSERT_TRUE(tree);
  EXPECT_GE(tree->bytes_held(), 8'000'000U);
  EXPECT_LE(tree->bytes_held(), 10'000'000U);
  for (const Member& member : tree->members()) tree->Release(member);
  EXPECT_EQ(tree->bytes_held(), 0U);
  tree->Release(tree->members()[0]);  // twice is no mistake
  EXPECT_EQ(tree->members()[0].name, "config/0");
  EXPECT_TRUE(tree->members()[0].bytes.empty());
}

TEST(UnpackTest, HoldsLittleWhenLittleIsWanted) {
  TarBuilder tar;
  for (std::uint32_t i = 0; i < 100; ++i) {
    tar.Add({.name = "big/" + std::to_string(i), .bytes = Noise(300'000, i)});
    tar.Add({.name = "config/" + std::to_string(i), .bytes = Noise(100, i)});
  }
  const auto tree = UnpackBytes(Gzip(tar.End(), 1),
                                [](std::string_view name) { return name.starts_with("config/"); });
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->members().size(), 100U);
  EXPECT_LE(tree->bytes_held(), 100 * 100U);
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(BytesOf(*tree, "config/" + std::to_string(i)), Noise(100, i));
  }
}

TEST(UnpackTest, FindsTheRunOfMembersWithAPrefix) {
  const auto tree = UnpackBytes(Tar({{"b/2", ""}, {"c", ""}, {"a", ""}, {"b/1", ""}, {"b0", ""}}));
  ASSERT_TRUE(tree);
  ASSERT_EQ(tree->WithPrefix("b/").size(), 2U);
  EXPECT_EQ(tree->WithPrefix("b/")[0].name, "b/1");
  EXPECT_EQ(tree->WithPrefix("").size(), 5U);
  EXPECT_TRUE(tree->WithPrefix("d").empty());
}

}  // namespace
}  // namespace insightd::archive
