// Digests and Ed25519 signatures, for packs as files. Wraps OpenSSL.
//
// Keys are those of `openssl genpkey -algorithm ed25519`. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "rules/pack_files.h"

namespace insightd::rules {

// In lower-case hexadecimal.
std::string Sha256Hex(std::string_view bytes);

// Of all files of a pack, names and bytes, whatever it came from.
std::string DigestOf(const PackFiles& files);

class PublicKey {
 public:
  // kInvalid when the text is no PEM of an Ed25519 public key.
  static Result<PublicKey> FromPem(const std::string& pem);
  // From its 32 bytes; kInvalid when there are more or fewer.
  static Result<PublicKey> FromRaw(std::string_view raw);

  const std::string& raw() const { return raw_; }
  // For people: "SHA256:" and the Base64 of the digest of the 32 bytes.
  std::string Fingerprint() const;
  bool Verifies(std::string_view bytes, std::string_view signature) const;

  friend bool operator==(const PublicKey&, const PublicKey&) = default;

 private:
  explicit PublicKey(std::string raw) : raw_(std::move(raw)) {}
  std::string raw_;
};

class PrivateKey {
 public:
  // kInvalid when the text is no PEM of an Ed25519 private key, or it is protected by a password.
  static Result<PrivateKey> FromPem(const std::string& pem);

  PublicKey public_key() const;
  // 64 bytes, the same for the same input.
  std::string Sign(std::string_view bytes) const;

 private:
  explicit PrivateKey(std::string raw) : raw_(std::move(raw)) {}
  std::string raw_;
};

}  // namespace insightd::rules
