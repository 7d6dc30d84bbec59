// What is promised of dead letters and consumer errors.
#include <limits>

#include "base/utf8.h"
#include "store/decide.h"
#include "store/testing/contract.h"

namespace insightd::store::testing {
namespace {

TEST_P(StoreContract, ADeadLetterIsReadBackWhole) {
  const DeadLetter letter = Letter(5);
  ASSERT_TRUE(store_->PutDeadLetters({&letter, 1}));
  const auto listed = store_->ListDeadLetters({}).value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_TRUE(listed[0].value.empty());
  EXPECT_EQ(listed[0].value_bytes, 2);
  EXPECT_EQ(listed[0].headers.size(), 2U);

  const auto got = store_->GetDeadLetter(listed[0].id).value();
  EXPECT_EQ(got.id, listed[0].id);
  EXPECT_EQ(got.topic, "t");
  EXPECT_EQ(got.value, letter.value);
  EXPECT_EQ(got.value_bytes, 2);
  EXPECT_EQ(got.key, "k");
  ASSERT_EQ(got.headers.size(), 2U);
  EXPECT_EQ(got.headers[0].name, "service");
  EXPECT_EQ(got.headers[0].value, "openshift");
  EXPECT_EQ(got.partition, 2);
  EXPECT_EQ(got.offset, 5);
  EXPECT_EQ(got.produced, At(1));
  EXPECT_EQ(got.stage, "unpack");
  EXPECT_EQ(got.code, "corrupt");
  EXPECT_EQ(got.reason, "cut short");
  EXPECT_EQ(got.tries, 1);
  EXPECT_EQ(got.first_failed, At(2));
  EXPECT_EQ(got.last_failed, At(3));
  EXPECT_EQ(got.build, "1.0.0");
  EXPECT_EQ(got.request_id, "r");
  EXPECT_EQ(got.org_id, 0);
  EXPECT_EQ(got.cluster, kCluster);
  EXPECT_EQ(got.archive, "r");
  EXPECT_EQ(EndOf("r"), UploadEnd::kDeadLetter);
  EXPECT_EQ(store_->FindUpload("r")->dead_letter_id, got.id);
  EXPECT_EQ(store_->FindUpload("r")->ended, At(3));
}

TEST_P(StoreContract, ADeadLetterTakesAnyBytes) {
  DeadLetter letter = Letter(std::numeric_limits<std::int64_t>::max());
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  letter.partition = std::numeric_limits<std::int32_t>::max();
  letter.key = bytes;
  letter.value = bytes;
  letter.headers = {{bytes, bytes}, {"empty", ""}, {"none", std::nullopt}};
  // What is wrong with a record may be its very texts.
  letter.stage = letter.code = letter.reason = letter.build = letter.request_id = letter.cluster =
      letter.archive = "\xff\xc3 \u00e4" + std::string(1, '\0');
  letter.org_id = std::numeric_limits<std::int64_t>::max();

  const std::int64_t id = PutLetter(letter);

  const auto got = store_->GetDeadLetter(id).value();
  EXPECT_EQ(got.offset, letter.offset);
  EXPECT_EQ(got.key, bytes);
  EXPECT_EQ(got.value, bytes);
  ASSERT_EQ(got.headers.size(), 3U);
  EXPECT_EQ(got.headers[0].name, bytes);
  EXPECT_EQ(got.headers[0].value, bytes);
  EXPECT_EQ(got.headers[1].value, "");
  EXPECT_EQ(got.headers[2].value, std::nullopt);
  EXPECT_EQ(got.org_id, letter.org_id);
  EXPECT_EQ(got.reason, "\ufffd\ufffd \u00e4\ufffd") << "texts are repaired";
  EXPECT_EQ(got.cluster, got.reason);
  EXPECT_EQ(store_->ListDeadLetters({.cluster = got.cluster})->size(), 1U);
}

// Which no database makes much shorter: an index takes a long text that it can.
std::string RandomHex(std::size_t digits) {
  std::string out;
  std::uint64_t state = 1;
  while (out.size() < digits) {
    state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    out.push_back("0123456789abcdef"[state >> 60U]);
  }
  return out;
}

TEST_P(StoreContract, ADeadLetterWithLongNamesIsKeptWithTheirFronts) {
  const std::string text = RandomHex(6'000);
  DeadLetter letter = Letter(5, text);
  letter.topic = text;
  letter.cluster = text;
  const std::vector<DeadLetter> letters = {Letter(4, "before"), letter, Letter(6, "behind")};

  ASSERT_TRUE(store_->PutDeadLetters(letters));
  ASSERT_TRUE(store_->PutDeadLetters(letters));

  EXPECT_EQ(store_->CountDeadLetters().value(), 3);
  const std::string front = text.substr(0, kKeyBytesMax);
  const auto listed = store_->ListDeadLetters({.topic = front}).value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].partition, 2);
  EXPECT_EQ(listed[0].offset, 5);
  const auto got = store_->GetDeadLetter(listed[0].id).value();
  EXPECT_EQ(got.value, letter.value);
  EXPECT_EQ(got.request_id, front);
  EXPECT_EQ(got.archive, "") << "its front may name another one";
  EXPECT_EQ(got.cluster, text) << "no index is of it";
  EXPECT_EQ(EndOf(front), UploadEnd::kDeadLetter);
  EXPECT_EQ(EndError(text), Code::kNotFound);
  EXPECT_EQ(store_->UsesOf(Keys{text, front})->at(0), ArchiveUse::kUnknown);

  ASSERT_TRUE(store_->DropDeadLetter(got.id, ArchiveFate::kReleased));
  EXPECT_TRUE(Released().empty());
  ASSERT_TRUE(store_->PutDeadLetters(letters));
  EXPECT_EQ(store_->CountDeadLetters().value(), 2) << "it stays dropped";
}

TEST_P(StoreContract, NamesOfADeadLetterAreNotCutWithinACharacter) {
  DeadLetter letter = Letter(1);
  letter.topic = std::string("\xff\0", 2);
  letter.archive.assign(kKeyBytesMax, 'a');
  letter.request_id.assign(kKeyBytesMax - 1, 'r');
  letter.request_id += "\u00e4";
  ASSERT_TRUE(store_->PutDeadLetters({&letter, 1}));
  const auto listed = store_->ListDeadLetters({.topic = "\ufffd\ufffd"}).value();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_TRUE(utf8::IsValid(listed[0].request_id));
  EXPECT_EQ(listed[0].request_id.size(), kKeyBytesMax - 1);
  EXPECT_EQ(listed[0].archive, letter.archive);
}

TEST_P(StoreContract, ADeadLetterWithoutAValueIsNoEmptyOne) {
  DeadLetter letter = Letter(1);
  letter.value.clear();
  const std::int64_t empty = PutLetter(letter);
  letter.offset = 2;
  letter.no_value = true;
  const std::int64_t none = PutLetter(letter);
  EXPECT_FALSE(store_->GetDeadLetter(empty)->no_value);
  EXPECT_TRUE(store_->GetDeadLetter(none)->no_value);
  EXPECT_EQ(store_->GetDeadLetter(none)->value, "");
}

TEST_P(StoreContract, ALargeDeadLetterComesBackWhole) {
  DeadLetter letter = Letter(1);
  letter.value.assign(20'000'000, '\x80');
  letter.value[10'000'000] = '\0';
  EXPECT_TRUE(store_->GetDeadLetter(PutLetter(letter))->value == letter.value);
  EXPECT_EQ(store_->ListDeadLetters({})->at(0).value_bytes, 20'000'000);
}

TEST_P(StoreContract, TheSameLetterTwiceIsOne) {
  DeadLetter letter = Letter(5);
  const std::int64_t id = PutLetter(letter);
  letter.tries = 3;
  letter.first_failed = At(50);
  letter.last_failed = At(60);
  letter.reason = "another";
  letter.value = "other";
  EXPECT_EQ(PutLetter(letter), id);
  EXPECT_EQ(store_->CountDeadLetters().value(), 1);
  const auto got = store_->GetDeadLetter(id).value();
  EXPECT_EQ(got.tries, 3);
  EXPECT_EQ(got.first_failed, At(2));
  EXPECT_EQ(got.last_failed, At(60));
  EXPECT_EQ(got.reason, "another");
  EXPECT_EQ(got.value, "other");
}

TEST_P(StoreContract, OfOneLetterTwiceInABatchTheLaterIsKept) {
  std::vector<DeadLetter> letters = {Letter(5), Letter(6), Letter(5)};
  letters[2].tries = 2;
  letters[2].first_failed = At(50);
  ASSERT_TRUE(store_->PutDeadLetters(letters));
  EXPECT_EQ(store_->CountDeadLetters().value(), 2);
  const auto listed = store_->ListDeadLetters({}).value();
  EXPECT_EQ(listed[0].offset, 5);
  EXPECT_EQ(listed[0].tries, 2);
  EXPECT_EQ(listed[0].first_failed, At(2));
  EXPECT_TRUE(store_->PutDeadLetters({}));
}

TEST_P(StoreContract, LettersOfDifferentPlacesAreDifferent) {
  std::vector<DeadLetter> letters(3, Letter(5));
  letters[1].partition = 3;
  letters[2].topic = "u";
  ASSERT_TRUE(store_->PutDeadLetters(letters));
  EXPECT_EQ(store_->CountDeadLetters().value(), 3);
  EXPECT_EQ(store_->ListDeadLetters({.topic = "u"})->size(), 1U);
}

TEST_P(StoreContract, ListsLettersByFilterAndPage) {
  std::vector<DeadLetter> letters;
  for (int i = 0; i < 5; ++i) letters.push_back(Letter(i, "r" + std::to_string(i)));
  letters[3].code = "too_large";
  letters[3].org_id.reset();
  letters[4].cluster = kOther;
  ASSERT_TRUE(store_->PutDeadLetters(letters));
  const auto page = store_->ListDeadLetters({.letters_max = 2}).value();
  ASSERT_EQ(page.size(), 2U);
  EXPECT_LT(page[0].id, page[1].id);
  EXPECT_EQ(store_->ListDeadLetters({.after_id = page[1].id})->size(), 3U);
  const auto large = store_->ListDeadLetters({.code = "too_large"}).value();
  ASSERT_EQ(large.size(), 1U);
  EXPECT_FALSE(large[0].org_id);
  EXPECT_EQ(store_->ListDeadLetters({.stage = "unpack", .request_id = "r1"})->size(), 1U);
  EXPECT_EQ(store_->ListDeadLetters({.cluster = kOther})->at(0).request_id, "r4");
  EXPECT_TRUE(store_->ListDeadLetters({.topic = "other"})->empty());
  EXPECT_TRUE(store_->ListDeadLetters({.stage = "write", .cluster = kOther})->empty());
}

TEST_P(StoreContract, ADeadLettersArchiveStaysUntilItIsDropped) {
  clock_.Set(At(500));
  const std::int64_t id = PutLetter(Letter(1, "dead"));
  EXPECT_EQ(store_->UsesOf(Keys{"dead"})->at(0), ArchiveUse::kDeadLetter);
  EXPECT_TRUE(Released().empty());

  ASSERT_TRUE(store_->DropDeadLetter(id, ArchiveFate::kReleased));

  EXPECT_EQ(Released(), Keys{"dead"});
  EXPECT_EQ(store_->ReleasedArchives(At(1000), 10)->at(0).since, At(500));
  EXPECT_EQ(store_->DropDeadLetter(id, ArchiveFate::kReleased).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->GetDeadLetter(id).error().code(), Code::kNotFound);
  EXPECT_EQ(store_->CountDeadLetters().value(), 0);
  EXPECT_EQ(EndError("dead"), Code::kNotFound);
}

TEST_P(StoreContract, ADroppedLetterStaysDroppedWhenItsRecordIsReadAgain) {
  const DeadLetter letter = Letter(1, "dead");
  ASSERT_TRUE(store_->DropDeadLetter(PutLetter(letter), ArchiveFate::kReleased));

  std::vector<DeadLetter> again = {letter, Letter(2, "other")};
  ASSERT_TRUE(store_->PutDeadLetters(again));
  EXPECT_EQ(store_->CountDeadLetters().value(), 1);
  EXPECT_EQ(store_->ListDeadLetters({})->at(0).request_id, "other");
  EXPECT_EQ(EndError("dead"), Code::kNotFound);
  Reopen();
  ASSERT_TRUE(store_->PutDeadLetters(again));
  EXPECT_EQ(store_->CountDeadLetters().value(), 1);

  // A replayed one failed again under another offset.
  const std::int64_t id = PutLetter(Letter(3, "replayed"));
  ASSERT_TRUE(store_->DropDeadLetter(id, ArchiveFate::kInFlight));
  EXPECT_NE(PutLetter(Letter(4, "replayed")), 0);
  EXPECT_EQ(PutLetter(Letter(3, "replayed")), 0);

  // The topic was made anew: another record lies where the dropped one lay.
  DeadLetter other = letter;
  other.produced += seconds(1);
  EXPECT_NE(PutLetter(other), 0);
}

TEST_P(StoreContract, AReplayedLettersArchiveIsNotReleased) {
  ASSERT_TRUE(store_->DropDeadLetter(PutLetter(Letter(1, "dead")), ArchiveFate::kInFlight));
  EXPECT_TRUE(Released().empty());
  EXPECT_EQ(store_->UsesOf(Keys{"dead"})->at(0), ArchiveUse::kUnknown);
}

TEST_P(StoreContract, AnArchiveThatIsNewestIsNotReleasedWithItsLetter) {
  const std::int64_t id = PutLetter(Letter(1, "r1"));
  Put(ResultOf(kCluster, 0, "r1"));
  ASSERT_TRUE(store_->DropDeadLetter(id, ArchiveFate::kReleased));
  EXPECT_TRUE(Released().empty());
  EXPECT_EQ(store_->UsesOf(Keys{"r1"})->at(0), ArchiveUse::kNewest);
}

TEST_P(StoreContract, ALetterWithoutAnArchiveReleasesNothing) {
  DeadLetter letter = Letter(1);
  letter.archive.clear();
  ASSERT_TRUE(store_->DropDeadLetter(PutLetter(letter), ArchiveFate::kReleased));
  EXPECT_TRUE(Released().empty());
}

TEST_P(StoreContract, AReleasedArchiveThatALetterNeedsIsNotListed) {
  Put(ResultOf(kCluster, 5, "new"));
  Put(ResultOf(kCluster, 1, "old"));
  const std::int64_t id = PutLetter(Letter(1, "old"));
  EXPECT_TRUE(Released().empty());
  ASSERT_TRUE(store_->DropDeadLetter(id, ArchiveFate::kReleased));
  EXPECT_EQ(Released(), Keys{"old"});
}

// ---- Consumer errors ----

TEST_P(StoreContract, ConsumerErrorsTakeAnyBytesAndComeOnce) {
  ConsumerError error{.topic = "t",
                      .partition = 0,
                      .offset = 7,
                      .key = "",
                      .message = std::string("\xff\xfe\0x", 4),
                      .error = std::string("bad \xff\0", 6),
                      .produced = At(1)};
  ASSERT_TRUE(store_->PutConsumerErrors({&error, 1}));
  ASSERT_TRUE(store_->PutConsumerErrors({&error, 1}));
  EXPECT_EQ(Number("SELECT count(*) FROM consumer_error WHERE key IS NULL AND topic = 't' AND "
                   "partition = 0 AND topic_offset = 7"),
            1);
  const std::vector<ConsumerError> several = {error, error};
  ASSERT_TRUE(store_->PutConsumerErrors(several));
  error.key = "\xff";
  error.offset = 8;
  ASSERT_TRUE(store_->PutConsumerErrors({&error, 1}));
  EXPECT_EQ(Number("SELECT count(*) FROM consumer_error WHERE key IS NOT NULL"), 1);
}

// The aggregator's column may be narrower than offsets are; the dead letter has it all.
TEST_P(StoreContract, AConsumerErrorOfALargeOffsetDoesNoHarm) {
  ConsumerError error{.topic = "t",
                      .partition = 0,
                      .offset = std::int64_t{1} << 40,
                      .key = "k",
                      .message = "m",
                      .error = "e",
                      .produced = At(1)};
  std::vector<ConsumerError> errors = {error, error};
  errors[1].offset = 1;
  ASSERT_TRUE(store_->PutConsumerErrors(errors));
  EXPECT_EQ(Number("SELECT count(*) FROM consumer_error WHERE topic_offset = 1"), 1);
}

}  // namespace
}  // namespace insightd::store::testing
