#include "base/sqlite.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/testing/temp_folder.h"

namespace insightd::sqlite {
namespace {

class SqliteTest : public ::testing::Test {
 protected:
  std::string Path() const { return folder_ / "x.db"; }
  std::unique_ptr<Database> Open() {
    auto database = Database::Open(Path(), {});
    INSIGHTD_ASSERT(database);
    return std::move(*database);
  }

  testing::TempFolder folder_;
};

TEST_F(SqliteTest, BindsFromLeftToRightAndReadsBack) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t(a INTEGER, b TEXT, c BLOB, d TEXT) STRICT"));
  ASSERT_TRUE(Query(*database, "INSERT INTO t VALUES (?,?,?,?)")
                  .Int(7)
                  .Text("ä")
                  .Blob(std::string_view("\0x", 2))
                  .TextOrNull("")
                  .Run());

  Query query(*database, "SELECT a, b, c, d FROM t");

  ASSERT_TRUE(query.Step().value());
  EXPECT_EQ(query.IntAt(0), 7);
  EXPECT_EQ(query.TextAt(1), "ä");
  EXPECT_EQ(query.BlobAt(2), std::string_view("\0x", 2));
  EXPECT_TRUE(query.IsNull(3));
  EXPECT_FALSE(query.Step().value());
}

TEST_F(SqliteTest, ARowThatBreaksAConstraintIsInvalid) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t(a INTEGER PRIMARY KEY) STRICT"));
  ASSERT_TRUE(Query(*database, "INSERT INTO t VALUES (?)").Int(7).Run());
  const auto again = Query(*database, "INSERT INTO t VALUES (?)").Int(7).Run();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::kInvalid);
}

TEST_F(SqliteTest, AWrongStatementIsOurMistakeAndNamesTheFile) {
  const auto database = Open();
  const auto row = Query(*database, "SELECT * FROM nowhere").Step();
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), Code::kInternal);
  EXPECT_NE(row.error().message().find(Path()), std::string::npos);
}

TEST_F(SqliteTest, ATransactionThatIsNotCommittedLeavesNothing) {
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t(a INTEGER) STRICT"));
  {
    Transaction transaction(*database);
    ASSERT_TRUE(transaction.BeginWrite());
    ASSERT_TRUE(database->Execute("INSERT INTO t VALUES (1)"));
  }
  EXPECT_EQ(database->Number("SELECT count(*) FROM t").value(), 0);
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream(Path()) << std::string(5000, 'x');
  const auto database = Database::Open(Path(), {});
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code(), Code::kInternal);
  EXPECT_NE(database.error().message().find("backup"), std::string::npos);
}

// What may be done with the database, its log and its index by whom.
std::vector<unsigned> ModesOf(const std::string& path) {
  std::vector<unsigned> modes;
  for (const char* part : {"", "-wal", "-shm"}) {
    struct stat file {};
    EXPECT_EQ(stat((path + part).c_str(), &file), 0) << path << part;
    modes.push_back(file.st_mode & 0777);
  }
  return modes;
}

TEST_F(SqliteTest, FilesAreThisUsersAloneWhateverTheUmask) {
  const mode_t before = umask(0);
  const auto database = Open();
  ASSERT_TRUE(database->Execute("CREATE TABLE t(a INTEGER) STRICT"));
  umask(before);
  EXPECT_EQ(ModesOf(Path()), (std::vector<unsigned>{0600, 0600, 0600}));
}

TEST_F(SqliteTest, OthersAreShutOutOfFilesThatWereThere) {
  { ASSERT_TRUE(Open()->Execute("CREATE TABLE t(a INTEGER) STRICT")); }
  std::filesystem::permissions(Path(), std::filesystem::perms(0644));
  const auto database = Open();
  ASSERT_TRUE(database->Execute("INSERT INTO t VALUES (1)"));
  EXPECT_EQ(ModesOf(Path()), (std::vector<unsigned>{0640, 0640, 0640}));
}

TEST_F(SqliteTest, AFolderThatIsNotThereIsUnavailable) {
  const auto database = Database::Open(folder_ / "no/x.db", {});
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace insightd::sqlite
