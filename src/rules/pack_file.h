// A rule pack as one file, to hand on: its files, a manifest with the digest of each, and a
// signature of the manifest.
//
// The file is a gzipped tar that any tar can list: `manifest.json`, then `manifest.sig` if it is
// signed, then the pack's files below `pack/`, sorted. The same pack and key give the same bytes.
// A file comes from anyone, so it is hostile until read: the manifest and its signature are looked
// at before anything else is kept, and the bounds of a pack hold while inflating.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/pack_files.h"
#include "rules/signature.h"

namespace insightd::rules {

// What a file says of itself.
struct PackSeal {
  std::string name;
  std::string version;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;          // of the files
  std::optional<PublicKey> signer;  // its signature fits; nothing: not signed
};

// How names of pack files end.
inline constexpr std::string_view kPackFileEnd = ".rulepack";

// The bytes of the file. `key` may be null: then it is not signed. kInvalid when a name is too
// long for a tar, kTooLarge above the bounds of a pack.
Result<std::string> WritePackFile(const PackFiles& files, std::string_view name,
                                  std::string_view version, const PrivateKey* key);

// Asked before the pack's files are kept.
using TrustCheck = std::function<Result<void>(const PackSeal& seal)>;

// The pack in these bytes. kCorrupt when it is not whole: cut, changed, a member too many, missing
// or doubled, a signature that does not fit; kInvalid when it is no pack file; kTooLarge above the
// bounds of a pack; else what `trust` says. `origin` is for people.
Result<PackFiles> ReadPackFile(std::string_view bytes, const std::string& origin,
                               const TrustCheck& trust = {});

// What the file says of itself, after all of it has been checked.
Result<PackSeal> VerifyPackFile(std::string_view bytes);

// A file's bytes, as far as it may be a pack file. kNotFound, kUnavailable, kTooLarge.
Result<std::string> ReadBytesOfPackFile(const std::string& path);

}  // namespace insightd::rules
