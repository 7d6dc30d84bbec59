#include "blob/testing/contract.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace insightd::blob::testing {

Result<void> CommitAndWait(Writer& writer) {
  const auto promise = std::make_shared<std::promise<Result<void>>>();
  auto future = promise->get_future();
  writer.Commit([promise](Result<void> done) { promise->set_value(std::move(done)); });
  return future.get();
}

Result<void> Put(Store& store, std::string_view key, std::string_view bytes) {
  auto writer = store.Create(key);
  if (!writer) return Fail(std::move(writer).error());
  // As they come from a connection.
  constexpr std::size_t kPiece = 64 * 1024;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    const auto promise = std::make_shared<std::promise<void>>();
    if (!(*writer)->WhenReady([promise] { promise->set_value(); })) promise->get_future().wait();
    if (auto done = (*writer)->Append(bytes.substr(at, kPiece)); !done) return done;
  }
  return CommitAndWait(**writer);
}

Result<std::string> Drain(Source& source) {
  std::string out;
  std::array<char, 10'000> buffer{};
  while (true) {
    const auto got = source.Read(buffer);
    if (!got) return Fail(got.error());
    if (*got == 0) return out;
    out.append(buffer.data(), *got);
  }
}

Result<std::string> Get(Store& store, std::string_view key) {
  auto reader = store.Open(key);
  if (!reader) return Fail(std::move(reader).error());
  return Drain(**reader);
}

std::string Bytes(std::size_t count) {
  std::string bytes(count, '\0');
  std::uint32_t state = 12345;
  for (char& byte : bytes) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

namespace {

TEST_P(BlobContract, WhatIsCommittedIsReadBackAlsoAfterStart) {
  const std::string bytes = Bytes(100'000) + '\0' + "end";
  ASSERT_TRUE(Put(*store_, "0123456789abcdef", bytes));
  ASSERT_TRUE(Put(*store_, "Some/Other-Key.tar.gz", "y"));
  EXPECT_EQ(Get(*store_, "0123456789abcdef").value(), bytes);
  store_->Close();
  store_ = engine_->Open();
  EXPECT_EQ(Get(*store_, "0123456789abcdef").value(), bytes);
  EXPECT_EQ(Get(*store_, "Some/Other-Key.tar.gz").value(), "y");
}

TEST_P(BlobContract, AnObjectMayBeEmptyOrLarge) {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, (std::size_t{5} << 20),
                                  (std::size_t{5} << 20) + 1, (std::size_t{12} << 20) + 7}) {
    const std::string key = "k" + std::to_string(count);
    const std::string bytes = Bytes(count);
    const auto put = Put(*store_, key, bytes);
    ASSERT_TRUE(put) << put.error().message();
    const auto got = Get(*store_, key);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_TRUE(*got == bytes) << count;
    EXPECT_EQ(store_->Stat(key)->bytes, count);
  }
}

TEST_P(BlobContract, AReaderKnowsTheSizeBeforeItReads) {
  ASSERT_TRUE(Put(*store_, "k", Bytes(300'000)));
  const auto reader = store_->Open("k");
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->bytes(), 300'000U);
}

TEST_P(BlobContract, AReaderMayGoBeforeItsEnd) {
  ASSERT_TRUE(Put(*store_, "k", Bytes(3'000'000)));
  for (int i = 0; i < 20; ++i) {
    auto reader = store_->Open("k");
    ASSERT_TRUE(reader);
    std::array<char, 10> some{};
    EXPECT_TRUE((*reader)->Read(some));
  }
  EXPECT_EQ(Get(*store_, "k")->size(), 3'000'000U);
}

TEST_P(BlobContract, AWriterThatGoesWithoutCommitLeavesNothing) {
  for (const std::size_t count : {std::size_t{10}, std::size_t{6} << 20}) {
    auto writer = store_->Create("k");
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->Append(Bytes(count)));
    writer->reset();
    EXPECT_EQ(store_->Open("k").error().code(), Code::kNotFound);
  }
  ASSERT_TRUE(store_->List([](const Object&) { return ADD_FAILURE(), true; }));
}

TEST_P(BlobContract, AnObjectIsNotThereBeforeItsCommit) {
  auto writer = store_->Create("k");
  ASSERT_TRUE((*writer)->Append(Bytes(6 << 20)));
  EXPECT_EQ(store_->Stat("k").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->Open("k").error().code(), Code::kNotFound);
  ASSERT_TRUE(CommitAndWait(**writer));
  EXPECT_EQ(store_->Stat("k")->bytes, std::size_t{6} << 20);
}

TEST_P(BlobContract, AKeyIsWrittenOnce) {
  for (const std::size_t count : {std::size_t{10}, std::size_t{6} << 20}) {
    const std::string key = "k" + std::to_string(count);
    auto first = store_->Create(key);
    auto second = store_->Create(key);
    ASSERT_TRUE((*first)->Append("first" + Bytes(count)));
    ASSERT_TRUE((*second)->Append("second" + Bytes(count)));
    ASSERT_TRUE(CommitAndWait(**first));

    const auto conflict = CommitAndWait(**second);

    ASSERT_FALSE(conflict) << count;
    EXPECT_EQ(conflict.error().code(), Code::kConflict) << conflict.error().message();
    EXPECT_EQ(Put(*store_, key, "third").error().code(), Code::kConflict);
    EXPECT_EQ(Get(*store_, key)->substr(0, 5), "first");
  }
}

TEST_P(BlobContract, ManyWritersCommitAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string key = std::to_string(t) + "a" + std::to_string(i);
        EXPECT_TRUE(Put(*store_, key, key));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> keys;
  ASSERT_TRUE(store_->List([&](const Object& object) {
    EXPECT_EQ(Get(*store_, object.key).value(), object.key);
    return keys.insert(object.key).second;
  }));
  EXPECT_EQ(keys.size(), 160U);
}

TEST_P(BlobContract, OfManyWritersOfOneKeyOneIsGood) {
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  std::atomic<int> conflicts = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const auto put = Put(*store_, "k", std::to_string(t));
      if (put) ++good;
      if (!put && put.error().code() == Code::kConflict) ++conflicts;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(conflicts, 7);
}

TEST_P(BlobContract, TellsSizeAndAge) {
  const Time before = SystemClock().Now() - seconds(2);
  ASSERT_TRUE(Put(*store_, "a/b", "12345"));
  const auto object = store_->Stat("a/b");
  ASSERT_TRUE(object);
  EXPECT_EQ(object->key, "a/b");
  EXPECT_EQ(object->bytes, 5U);
  EXPECT_GE(object->modified, before);
  EXPECT_LE(object->modified, SystemClock().Now() + seconds(2));
  ASSERT_TRUE(store_->List([&](const Object& listed) {
    EXPECT_EQ(listed.key, "a/b");
    EXPECT_EQ(listed.bytes, 5U);
    EXPECT_GE(listed.modified, before);
    return true;
  }));
}

TEST_P(BlobContract, ListsUntilItIsToldToStop) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Put(*store_, "k" + std::to_string(i), "x"));
  int visited = 0;
  ASSERT_TRUE(store_->List([&](const Object&) { return ++visited < 3; }));
  EXPECT_EQ(visited, 3);
}

TEST_P(BlobContract, RemovesAndIsContentWhenThereIsNothing) {
  ASSERT_TRUE(Put(*store_, "a", "x"));
  EXPECT_TRUE(store_->Remove("a"));
  EXPECT_TRUE(store_->Remove("a"));
  EXPECT_EQ(store_->Open("a").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->Stat("a").error().code(), Code::kNotFound);
  EXPECT_TRUE(Put(*store_, "a", "again"));
}

TEST_P(BlobContract, RemovesManyAtOnce) {
  std::vector<std::string> keys;
  for (int i = 0; i < 50; ++i) keys.push_back("k" + std::to_string(i));
  for (const std::string& key : keys) ASSERT_TRUE(Put(*store_, key, "x"));
  ASSERT_TRUE(Put(*store_, "stays", "x"));
  keys.push_back("never-there");
  EXPECT_TRUE(store_->RemoveAll(keys));
  EXPECT_TRUE(store_->RemoveAll({}));
  std::vector<std::string> left;
  ASSERT_TRUE(store_->List([&](const Object& object) {
    left.push_back(object.key);
    return true;
  }));
  EXPECT_EQ(left, std::vector<std::string>{"stays"});
}

TEST_P(BlobContract, KnowsTheUrlThatItGives) {
  const auto url = store_->UrlFor("a/b-c.d", seconds(10));
  ASSERT_TRUE(url);
  EXPECT_EQ(store_->KeyOf(*url), "a/b-c.d");
  EXPECT_EQ(store_->KeyOf("https://elsewhere.example.com/a/b-c.d"), std::nullopt);
}

TEST_P(BlobContract, RefusesAKeyThatIsNone) {
  EXPECT_EQ(store_->Create("../x").error().code(), Code::kInvalid);
  EXPECT_EQ(store_->Open("").error().code(), Code::kInvalid);
  EXPECT_EQ(store_->Stat("a//b").error().code(), Code::kInvalid);
  EXPECT_EQ(store_->Remove("a//b").error().code(), Code::kInvalid);
  EXPECT_EQ(store_->UrlFor("a b", seconds(1)).error().code(), Code::kInvalid);
}

TEST_P(BlobContract, RefusesNewObjectsWhileItIsToldTo) {
  ASSERT_TRUE(Put(*store_, "before", "x"));
  const auto comes = [this](const std::optional<Error>& why) {
    Result<std::unique_ptr<Writer>> made = nullptr;
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    do {
      store_->RefuseNew(why);
      made = store_->Create("k");
      std::this_thread::sleep_for(milliseconds(2));
    } while (made.has_value() == why.has_value() && std::chrono::steady_clock::now() < end);
    return made;
  };
  const auto refused = comes(Error(Code::kNoRoom, "raise blob.bytes_max"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kNoRoom);
  EXPECT_EQ(refused.error().message(), "raise blob.bytes_max");
  EXPECT_EQ(Get(*store_, "before").value(), "x");
  EXPECT_TRUE(store_->List([](const Object& object) {
    EXPECT_EQ(object.key, "before");
    return true;
  }));

  EXPECT_TRUE(comes(std::nullopt));
  EXPECT_TRUE(Put(*store_, "k", "x"));
}

TEST_P(BlobContract, ClosedItTakesNothing) {
  auto writer = store_->Create("k");
  ASSERT_TRUE((*writer)->Append(std::string_view("x")));
  store_->Close();
  const auto late = CommitAndWait(**writer);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::kUnavailable);
  writer->reset();
  store_ = engine_->Open();
  EXPECT_EQ(store_->Stat("k").error().code(), Code::kNotFound);
}

TEST_P(BlobContract, CloseWaitsForCommits) {
  std::atomic<int> told = 0;
  for (int i = 0; i < 20; ++i) {
    auto writer = store_->Create("k" + std::to_string(i));
    ASSERT_TRUE((*writer)->Append(Bytes(1000)));
    (*writer)->Commit([&](const Result<void>& done) {
      EXPECT_TRUE(done);
      ++told;
    });
  }
  store_->Close();
  EXPECT_EQ(told, 20);
}

TEST_P(BlobContract, IsInOrder) { EXPECT_TRUE(store_->Check()); }

}  // namespace
}  // namespace insightd::blob::testing
