#include <fmt/core.h>

#include "app/key_file.h"
#include "app/rules/rules.h"
#include "base/json_writer.h"
#include "rules/pack_file.h"

namespace insightd::app {
namespace {

std::string AsJson(const std::string& path, const rules::PackSeal& seal) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("file").String(path).Key("name").String(seal.name);
  w.Key("version").String(seal.version).Key("files").Uint(seal.files);
  w.Key("bytes").Uint(seal.bytes).Key("signed_by");
  seal.signer ? w.String(seal.signer->Fingerprint()) : w.Null();
  w.EndObject();
  return out;
}

}  // namespace

ExitCode RunRulesVerify(const RulesArguments& arguments, bool as_json) {
  const std::string& path = arguments.packs.front();
  std::optional<rules::PublicKey> trusted;
  if (!arguments.key.empty()) {
    Result<rules::PublicKey> key = ReadPublicKey(arguments.key);
    if (!key) {
      fmt::print(stderr, "insightd: --key: {}\n", key.error().message());
      return ExitCode::kUsage;
    }
    trusted = *std::move(key);
  }
  const Result<std::string> bytes = rules::ReadBytesOfPackFile(path);
  if (!bytes) {
    fmt::print(stderr, "insightd: {}\n", bytes.error().message());
    return ExitCode::kUnreadable;
  }
  const Result<rules::PackSeal> seal = rules::VerifyPackFile(*bytes);
  if (!seal) {
    fmt::print(stderr, "insightd: {}: {}\n", path, seal.error().message());
    return ExitCode::kFindings;
  }
  if (trusted && !(seal->signer && *seal->signer == *trusted)) {
    fmt::print(stderr, "insightd: {}: it is whole, but {}, not signed by {} ({})\n", path,
               seal->signer ? "signed by " + seal->signer->Fingerprint() : "not signed at all",
               trusted->Fingerprint(), arguments.key);
    return ExitCode::kFindings;
  }
  if (as_json) {
    fmt::print("{}\n", AsJson(path, *seal));
    return ExitCode::kGood;
  }
  fmt::print("{}: {} {}, {} files, {} bytes: whole\n", path, seal->name, seal->version, seal->files,
             seal->bytes);
  if (!seal->signer) {
    fmt::print("not signed: anyone may have made it\n");
  } else {
    fmt::print("signed by {}{}\n", seal->signer->Fingerprint(),
               trusted ? ", the key that you trust"
                       : "; whose key that is, --key FILE with their public key says");
  }
  return ExitCode::kGood;
}

}  // namespace insightd::app
