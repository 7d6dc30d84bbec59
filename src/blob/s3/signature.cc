#include "blob/s3/signature.h"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/result.h"

namespace insightd::blob::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kService = "s3";
using Digest = std::array<unsigned char, 32>;

// Found once: OpenSSL 3 looks for it at each use otherwise.
const EVP_MD* Sha256() {
  static const EVP_MD* const kMethod = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  INSIGHTD_ASSERT(kMethod != nullptr);
  return kMethod;
}

std::string_view AsText(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest Hmac(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned int bytes = 0;
  const unsigned char* done =
      HMAC(Sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &bytes);
  INSIGHTD_ASSERT(done != nullptr && bytes == digest.size());
  return digest;
}

std::string Hex(const Digest& digest) {
  std::string text;
  text.reserve(2 * digest.size());
  constexpr char kDigits[] = "0123456789abcdef";
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lowered;
}

// Ends trimmed, several blanks within made one.
std::string Trimmed(std::string_view value) {
  std::string trimmed;
  for (const char c : value) {
    if (c == ' ' && (trimmed.empty() || trimmed.back() == ' ')) continue;
    trimmed += c;
  }
  if (!trimmed.empty() && trimmed.back() == ' ') trimmed.pop_back();
  return trimmed;
}

struct Stamp {
  std::string time;  // "20130524T000000Z"
  std::string day;   // "20130524"
};

Stamp StampOf(Time now) {
  Stamp stamp;
  for (const char c : FormatTimeSeconds(now)) {
    if (c != '-' && c != ':') stamp.time += c;
  }
  stamp.day = stamp.time.substr(0, 8);
  return stamp;
}

std::string ScopeOf(const Stamp& stamp, std::string_view region) {
  return fmt::format("{}/{}/{}/aws4_request", stamp.day, region, kService);
}

// Lower case names, sorted.
Pairs CanonicalHeaders(const Signable& request) {
  Pairs headers = {{"host", request.host}};
  for (const auto& [name, value] : request.headers) {
    headers.emplace_back(Lowered(name), Trimmed(value));
  }
  std::sort(headers.begin(), headers.end());
  return headers;
}

std::string NamesOf(const Pairs& headers) {
  std::string names;
  for (const auto& [name, value] : headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string Signature(const Signable& request, const Pairs& headers, const std::string& query,
                      const Keys& keys, std::string_view region, const Stamp& stamp) {
  std::string canonical = fmt::format("{}\n{}\n{}\n", request.method,
                                      UriEncode(request.path, /*keep_slash=*/true), query);
  for (const auto& [name, value] : headers) canonical += name + ":" + value + "\n";
  canonical += fmt::format("\n{}\n{}", NamesOf(headers), request.payload_hash);

  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, stamp.time,
                                          ScopeOf(stamp, region), Sha256Hex(canonical));
  const Digest day = Hmac("AWS4" + keys.secret_key, stamp.day);
  const Digest in_region = Hmac(AsText(day), region);
  const Digest in_service = Hmac(AsText(in_region), kService);
  const Digest key = Hmac(AsText(in_service), "aws4_request");
  return Hex(Hmac(AsText(key), to_sign));
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  Digest digest{};
  unsigned int size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, Sha256(), nullptr);
  INSIGHTD_ASSERT(done == 1 && size == digest.size());
  return Hex(digest);
}

std::string UriEncode(std::string_view text, bool keep_slash) {
  std::string encoded;
  encoded.reserve(text.size());
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : text) {
    const bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash);
    if (stays) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15];
    }
  }
  return encoded;
}

std::string EncodeQuery(Pairs query) {
  for (auto& [name, value] : query) {
    name = UriEncode(name);
    value = UriEncode(value);
  }
  std::sort(query.begin(), query.end());
  std::string text;
  for (const auto& [name, value] : query) {
    if (!text.empty()) text += '&';
    text.append(name).append("=").append(value);
  }
  return text;
}

Pairs SignedHeaders(const Signable& request, const Keys& keys, std::string_view region, Time now) {
  const Stamp stamp = StampOf(now);
  Signable signable = request;
  signable.headers.emplace_back("x-amz-content-sha256", request.payload_hash);
  signable.headers.emplace_back("x-amz-date", stamp.time);
  if (!keys.session_token.empty()) {
    signable.headers.emplace_back("x-amz-security-token", keys.session_token);
  }
  const Pairs headers = CanonicalHeaders(signable);
  const std::string signature =
      Signature(signable, headers, EncodeQuery(request.query), keys, region, stamp);
  signable.headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm, keys.access_key,
                  ScopeOf(stamp, region), NamesOf(headers), signature));
  return std::move(signable.headers);
}

std::string PresignedQuery(const Signable& request, const Keys& keys, std::string_view region,
                           Time now, seconds validity) {
  const Stamp stamp = StampOf(now);
  const Pairs headers = CanonicalHeaders(request);
  Pairs query = request.query;
  query.emplace_back("X-Amz-Algorithm", kAlgorithm);
  query.emplace_back("X-Amz-Credential",
                     fmt::format("{}/{}", keys.access_key, ScopeOf(stamp, region)));
  query.emplace_back("X-Amz-Date", stamp.time);
  query.emplace_back("X-Amz-Expires", std::to_string(std::min(validity, kValidityMax).count()));
  if (!keys.session_token.empty()) {
    query.emplace_back("X-Amz-Security-Token", keys.session_token);
  }
  query.emplace_back("X-Amz-SignedHeaders", NamesOf(headers));
  Signable signable = request;
  signable.payload_hash = kUnsignedPayload;
  std::string text = EncodeQuery(std::move(query));
  const std::string signature = Signature(signable, headers, text, keys, region, stamp);
  return text + "&X-Amz-Signature=" + signature;
}

}  // namespace insightd::blob::s3
