#include "rules/pack_file.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/pack.h"
#include "archive/unpack.h"
#include "base/json_writer.h"
#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using ::testing::HasSubstr;

// The first key of the test vectors of RFC 8032, as openssl writes it.
constexpr const char* kPrivate =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kPublic =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";

PackFiles Some() { return testing::Files(testing::RuleText("  when: \"true\"\n")); }

PrivateKey Key() { return *PrivateKey::FromPem(kPrivate); }

std::string Written(const PackFiles& files, const PrivateKey* key) {
  const Result<std::string> bytes = WritePackFile(files, "test", "1.0.0", key);
  EXPECT_TRUE(bytes);
  return bytes.value_or("");
}

std::string Signed() {
  const PrivateKey key = Key();
  return Written(Some(), &key);
}

// "corrupt: …" of what is wrong with the file; empty when it is whole.
std::string WrongWith(std::string_view bytes) {
  const Result<PackSeal> seal = VerifyPackFile(bytes);
  if (seal) return "";
  return fmt::format("{}: {}", CodeName(seal.error().code()), seal.error().message());
}

struct Parts {
  std::string manifest;
  std::string signature;
  std::vector<std::pair<std::string, std::string>> files;
};

// What a signed file is made of, to make another one of it.
Parts PartsOf(std::string_view bytes) {
  archive::MemorySource source(bytes);
  Result<archive::FileTree> tree = archive::Unpack(source);
  EXPECT_TRUE(tree);
  Parts parts;
  for (const archive::Member& member : tree->members()) {
    if (member.name == "manifest.json") {
      parts.manifest = member.bytes;
    } else if (member.name == "manifest.sig") {
      parts.signature = member.bytes;
    } else {
      parts.files.emplace_back(member.name, member.bytes);
    }
  }
  return parts;
}

std::string Joined(const Parts& parts) {
  std::vector<archive::PackMember> members = {{"manifest.json", parts.manifest, 0}};
  if (!parts.signature.empty()) members.push_back({"manifest.sig", parts.signature, 0});
  for (const auto& [name, text] : parts.files) members.push_back({name, text, 0});
  const Result<std::string> bytes = archive::Pack(members);
  EXPECT_TRUE(bytes);
  return bytes.value_or("");
}

TEST(PackFileTest, WhatIsWrittenIsReadAndTheSameEveryTime) {
  const std::string bytes = Signed();
  EXPECT_EQ(bytes, Signed());
  const Result<PackFiles> files = ReadPackFile(bytes, "here");
  ASSERT_TRUE(files) << files.error().message();
  EXPECT_EQ(files->origin, "here");
  EXPECT_EQ(files->signer, Key().public_key().Fingerprint());
  EXPECT_EQ(DigestOf(*files), DigestOf(Some()));
  EXPECT_TRUE(LoadPack(*files));
  EXPECT_EQ(Joined(PartsOf(bytes)), bytes) << "or the tests below test something else";
}

TEST(PackFileTest, SaysWhoSignedWhat) {
  const Result<PackSeal> seal = VerifyPackFile(Signed());
  ASSERT_TRUE(seal);
  EXPECT_EQ(seal->name, "test");
  EXPECT_EQ(seal->version, "1.0.0");
  EXPECT_EQ(seal->files, 4u);
  EXPECT_EQ(*seal->signer, *PublicKey::FromPem(kPublic));
  EXPECT_FALSE(VerifyPackFile(Written(Some(), nullptr))->signer);
}

TEST(PackFileTest, TrustIsAskedBeforeThePackIsRead) {
  const auto refuse = [](const PackSeal& seal) -> Result<void> {
    return Fail(Code::kInvalid, "no " + seal.name);
  };
  EXPECT_EQ(ReadPackFile(Signed(), "", refuse).error().message(), "no test");
}

TEST(PackFileTest, AChangedByteAnywhereIsFound) {
  const std::string bytes = Signed();
  const std::string before = DigestOf(*ReadPackFile(bytes, ""));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    EXPECT_NE(WrongWith(changed), "") << at;
  }
}

TEST(PackFileTest, AFileThatIsCutAnywhereIsNotWhole) {
  const std::string bytes = Signed();
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_NE(WrongWith(std::string_view(bytes).substr(0, size)), "") << size;
  }
  EXPECT_THAT(WrongWith(std::string_view(bytes).substr(0, bytes.size() - 1)),
              HasSubstr("corrupt: "));
}

TEST(PackFileTest, NothingMayBeAddedBehind) {
  EXPECT_NE(WrongWith(Signed() + std::string(1, '\0')), "");
  EXPECT_NE(WrongWith(Signed() + "x"), "");
  EXPECT_NE(WrongWith(Signed() + Signed()), "");
  EXPECT_NE(WrongWith(Signed() + archive::Gzip("")), "");
}

TEST(PackFileTest, AMemberTooManyTooFewDoubledOrChangedIsFound) {
  const Parts whole = PartsOf(Signed());
  Parts parts = whole;
  parts.files.emplace_back("pack/more.yaml", "a: 1\n");
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("corrupt: it has 7 members"));
  parts = whole;
  parts.files.emplace_back("beside", "a: 1\n");
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("corrupt: it has 7 members"));
  parts = whole;
  parts.files.pop_back();
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("corrupt: it has 5 members"));
  parts = whole;
  parts.files.back().first = "pack/other.yaml";
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("rules.yaml, which is not in it"));
  parts = whole;
  parts.files.push_back(parts.files.back());
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("corrupt: "));
  parts = whole;
  parts.files.back().second += " ";
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("rules.yaml is not as its manifest has it"));
  parts = whole;
  parts.files.back().first = "../pack/rules.yaml";
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("corrupt: "));
}

TEST(PackFileTest, TheSignatureBindsTheManifest) {
  const Parts whole = PartsOf(Signed());
  PackFiles other = Some();
  other.files[0].text += "# changed\n";
  Parts parts = PartsOf(Written(other, nullptr));
  parts.signature = whole.signature;
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("is not the one that key SHA256:"));
  // Without a signature it is a file that nobody signed, for the reader's trust to decide.
  parts.signature.clear();
  EXPECT_EQ(WrongWith(Joined(parts)), "");
  parts = whole;
  parts.signature = "{}\n";
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("corrupt: "));
}

TEST(PackFileTest, AManifestIsOnlyTakenAsItIsWritten) {
  Parts parts = PartsOf(Written(Some(), nullptr));
  const std::string good = parts.manifest;
  parts.manifest = " " + good;
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("not as `insightd rules pack` writes it"));
  parts.manifest = good.substr(0, good.size() / 2);
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("no JSON object"));
  parts.manifest = good;
  parts.manifest.replace(parts.manifest.find(":1"), 2, ":2");
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("none of a rule pack that this version knows"));
  parts.manifest = good;
  parts.manifest.replace(parts.manifest.find("1.0.0"), 5, "9.9.9");
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("its manifest says test 9.9.9"));
}

TEST(PackFileTest, WhatIsNoPackFileIsSaidToBeNone) {
  EXPECT_THAT(WrongWith(""), HasSubstr("invalid: it is no pack file"));
  EXPECT_THAT(WrongWith("name: x\n"), HasSubstr("invalid: it is no pack file"));
  const archive::PackMember members[] = {{"config/id", "42", 0}};
  EXPECT_THAT(WrongWith(*archive::Pack(members)), HasSubstr("no manifest.json"));
}

TEST(PackFileTest, ABombEndsAtTheBoundsOfAPack) {
  // 300 MiB of zeros in a member that the manifest does not tell of.
  Parts parts = PartsOf(Signed());
  parts.files.emplace_back("pack/bomb", std::string(std::size_t{300} << 20, '\0'));
  const std::string bomb = Joined(parts);
  EXPECT_LT(bomb.size(), std::size_t{1} << 20);
  EXPECT_THAT(WrongWith(bomb), HasSubstr("too_large: it is larger than a rule pack may be"));
}

TEST(PackFileTest, AManifestMayNotPromiseMoreThanAPack) {
  Parts parts;
  json::JsonWriter w(parts.manifest);
  w.BeginObject().Key("insightd_rule_pack").Int(1).Key("name").String("x");
  w.Key("version").String("1").Key("files").BeginArray();
  w.BeginObject().Key("path").String("a").Key("bytes").Uint(std::uint64_t{1} << 40);
  w.Key("sha256").String("").EndObject().EndArray().EndObject();
  parts.manifest += '\n';
  EXPECT_THAT(WrongWith(Joined(parts)), HasSubstr("too_large: its manifest lists more than"));
}

TEST(SignatureTest, KeysAreThoseOfOpenssl) {
  const PrivateKey key = Key();
  EXPECT_EQ(key.public_key(), *PublicKey::FromPem(kPublic));
  EXPECT_TRUE(key.public_key().Verifies("text", key.Sign("text")));
  EXPECT_FALSE(key.public_key().Verifies("texT", key.Sign("text")));
  EXPECT_FALSE(key.public_key().Verifies("text", "short"));
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(SignatureTest, WhatIsNoKeyIsRefusedWithTheWayToMakeOne) {
  EXPECT_THAT(PrivateKey::FromPem("nonsense").error().message(),
              HasSubstr("openssl genpkey -algorithm ed25519"));
  EXPECT_THAT(PrivateKey::FromPem(kPublic).error().message(), HasSubstr("private key"));
  EXPECT_THAT(PublicKey::FromPem(kPrivate).error().message(), HasSubstr("-pubout"));
}

}  // namespace
}  // namespace insightd::rules
