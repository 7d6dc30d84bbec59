#include "rules/signature.h"

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <memory>

#include "base/base64.h"

namespace insightd::rules {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free>>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    INSIGHTD_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void Add(std::string_view bytes) {
    INSIGHTD_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
  }
  std::string Finish() {
    std::array<unsigned char, 32> digest{};
    unsigned int size = 0;
    INSIGHTD_ASSERT(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
    return {reinterpret_cast<const char*>(digest.data()), size};
  }

 private:
  DigestContext context_;
};

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

// A key that asks for a password is refused, not asked about.
int NoPassword(char*, int, int, void*) { return -1; }

Error NotAKey(const char* kind, const char* command) {
  ERR_clear_error();
  return {Code::kInvalid, fmt::format("it is no Ed25519 {} key in PEM without a password; `{}` "
                                      "makes one",
                                      kind, command)};
}

Key RawPublic(const std::string& raw) {
  return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(raw), raw.size()));
}

Key RawPrivate(const std::string& raw) {
  return Key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(raw), raw.size()));
}

std::string RawPublicOf(const EVP_PKEY* key) {
  std::string raw(kKeyBytes, '\0');
  std::size_t size = raw.size();
  INSIGHTD_ASSERT(
      EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) == 1);
  return raw;
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  Sha256 sha;
  sha.Add(bytes);
  return Hex(sha.Finish());
}

std::string DigestOf(const PackFiles& files) {
  Sha256 sha;
  for (const PackFile& file : files.files) {
    sha.Add(fmt::format("{}:{}:{}:", file.path.size(), file.path, file.text.size()));
    sha.Add(file.text);
  }
  return Hex(sha.Finish());
}

Result<PublicKey> PublicKey::FromPem(const std::string& pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Key key(PEM_read_bio_PUBKEY(memory.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr || EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) {
    return Fail(NotAKey("public", "openssl pkey -in KEY.pem -pubout -out KEY.pub.pem"));
  }
  return PublicKey(RawPublicOf(key.get()));
}

Result<PublicKey> PublicKey::FromRaw(std::string_view raw) {
  if (raw.size() != kKeyBytes) {
    return Fail(Code::kInvalid,
                fmt::format("a public key of {} bytes; Ed25519 has {}", raw.size(), kKeyBytes));
  }
  return PublicKey(std::string(raw));
}

std::string PublicKey::Fingerprint() const {
  Sha256 sha;
  sha.Add(raw_);
  std::string text = EncodeBase64(sha.Finish());
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

bool PublicKey::Verifies(std::string_view bytes, std::string_view signature) const {
  if (signature.size() != kSignatureBytes) return false;
  const Key key = RawPublic(raw_);
  const DigestContext context(EVP_MD_CTX_new());
  if (key == nullptr ||
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) {
    ERR_clear_error();
    return false;
  }
  const bool good = EVP_DigestVerify(context.get(), Bytes(signature), signature.size(),
                                     Bytes(bytes), bytes.size()) == 1;
  ERR_clear_error();
  return good;
}

Result<PrivateKey> PrivateKey::FromPem(const std::string& pem) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Key key(PEM_read_bio_PrivateKey(memory.get(), nullptr, NoPassword, nullptr));
  if (key == nullptr || EVP_PKEY_id(key.get()) != EVP_PKEY_ED25519) {
    return Fail(NotAKey("private", "openssl genpkey -algorithm ed25519 -out KEY.pem"));
  }
  std::string raw(kKeyBytes, '\0');
  std::size_t size = raw.size();
  INSIGHTD_ASSERT(EVP_PKEY_get_raw_private_key(
                      key.get(), reinterpret_cast<unsigned char*>(raw.data()), &size) == 1);
  return PrivateKey(std::move(raw));
}

PublicKey PrivateKey::public_key() const {
  const Key key = RawPrivate(raw_);
  INSIGHTD_ASSERT(key != nullptr);
  Result<PublicKey> made = PublicKey::FromRaw(RawPublicOf(key.get()));
  INSIGHTD_ASSERT(made);
  return *made;
}

std::string PrivateKey::Sign(std::string_view bytes) const {
  const Key key = RawPrivate(raw_);
  const DigestContext context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  std::size_t size = signature.size();
  INSIGHTD_ASSERT(key != nullptr &&
                  EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  INSIGHTD_ASSERT(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                                 &size, Bytes(bytes), bytes.size()) == 1);
  INSIGHTD_ASSERT(size == kSignatureBytes);
  return signature;
}

}  // namespace insightd::rules
