#include "rules/pack_file.h"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "archive/pack.h"
#include "archive/unpack.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "rules/pack.h"

namespace insightd::rules {
namespace {

constexpr std::string_view kManifest = "manifest.json";
constexpr std::string_view kSignature = "manifest.sig";
constexpr std::string_view kFolder = "pack/";
constexpr std::string_view kAlgorithm = "ed25519";
constexpr std::int64_t kFormat = 1;

// A manifest line is a path of at most 255 bytes, a digest and a size.
constexpr std::uint64_t kManifestBytesMax = std::uint64_t{512} * kPackFilesMax;
// Header and padding of a tar for each member, and what stands at its end.
constexpr std::uint64_t kTarBytesPerMember = 1024;
constexpr std::uint64_t kTarBytesMax =
    kPackBytesMax + kManifestBytesMax + kTarBytesPerMember * (kPackFilesMax + 16);
constexpr std::size_t kGzipHeaderBytes = 10;
constexpr std::size_t kGzipSizeBytes = 4;

Error NotWhole(std::string what) {
  return {Code::kCorrupt, std::move(what) + "; get the file again from where it was made"};
}

struct Listed {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
};

struct Manifest {
  std::string name;
  std::string version;
  std::vector<Listed> files;
};

std::string Print(const Manifest& manifest) {
  std::string text;
  json::JsonWriter w(text);
  w.BeginObject().Key("insightd_rule_pack").Int(kFormat);
  w.Key("name").String(manifest.name).Key("version").String(manifest.version);
  w.Key("files").BeginArray();
  for (const Listed& file : manifest.files) {
    w.BeginObject().Key("path").String(file.path).Key("bytes").Uint(file.bytes);
    w.Key("sha256").String(file.sha256).EndObject();
  }
  w.EndArray().EndObject();
  text += '\n';
  return text;
}

std::string TextOf(json::Value object, std::string_view name) {
  const std::optional<json::Value> value = object.Find(name);
  return value && value->is_string() ? std::string(value->AsString()) : std::string();
}

Result<Manifest> ParseManifest(std::string_view text) {
  const Result<json::Document> document = json::Parse(text);
  if (!document || document->root().type() != json::Type::kObject) {
    return Fail(Code::kInvalid, "its manifest is no JSON object");
  }
  const json::Value root = document->root();
  const std::optional<json::Value> format = root.Find("insightd_rule_pack");
  if (!format || !format->is_int() || format->AsInt() != kFormat) {
    return Fail(Code::kInvalid, "its manifest is none of a rule pack that this version knows");
  }
  Manifest manifest{TextOf(root, "name"), TextOf(root, "version"), {}};
  const std::optional<json::Value> files = root.Find("files");
  if (files && files->type() == json::Type::kArray) {
    if (files->size() > kPackFilesMax) {
      return Fail(Code::kTooLarge, fmt::format("its manifest lists {} files; a pack has at most {}",
                                               files->size(), kPackFilesMax));
    }
    for (const json::Value file : files->elements()) {
      if (file.type() != json::Type::kObject) continue;
      const std::optional<json::Value> bytes = file.Find("bytes");
      const std::int64_t count = bytes && bytes->is_int() ? bytes->AsInt() : 0;
      manifest.files.push_back({TextOf(file, "path"),
                                count < 0 ? 0 : static_cast<std::uint64_t>(count),
                                TextOf(file, "sha256")});
    }
  }
  // There is one way to write it: whatever was passed over above shows here.
  if (Print(manifest) != text) {
    return Fail(Code::kInvalid, "its manifest is not as `insightd rules pack` writes it");
  }
  for (std::size_t i = 1; i < manifest.files.size(); ++i) {
    if (manifest.files[i - 1].path >= manifest.files[i].path) {
      return Fail(Code::kInvalid, fmt::format("its manifest lists {} twice or out of order",
                                              manifest.files[i].path));
    }
  }
  return manifest;
}

std::string PrintSignature(std::string_view public_key, std::string_view signature) {
  std::string text;
  json::JsonWriter w(text);
  w.BeginObject().Key("algorithm").String(kAlgorithm);
  w.Key("public_key").String(EncodeBase64(public_key));
  w.Key("signature").String(EncodeBase64(signature)).EndObject();
  text += '\n';
  return text;
}

// Who signed the manifest.
Result<PublicKey> CheckSignature(std::string_view manifest, std::string_view text) {
  const Result<json::Document> document = json::Parse(text);
  if (!document || document->root().type() != json::Type::kObject) {
    return Fail(NotWhole("its signature is no JSON object"));
  }
  const json::Value root = document->root();
  const std::optional<std::string> raw = DecodeBase64(TextOf(root, "public_key"));
  const std::optional<std::string> signature = DecodeBase64(TextOf(root, "signature"));
  if (!raw || !signature || PrintSignature(*raw, *signature) != text) {
    return Fail(NotWhole("its signature is not as `insightd rules pack` writes it"));
  }
  Result<PublicKey> key = PublicKey::FromRaw(*raw);
  if (!key) return key;
  if (!key->Verifies(manifest, *signature)) {
    return Fail(NotWhole(
        fmt::format("its manifest is not the one that key {} signed", key->Fingerprint())));
  }
  return key;
}

// What a reader of archives says of one, in words about packs.
Error AboutPack(const Error& error) {
  if (error.code() == Code::kTooLarge) {
    return {Code::kTooLarge, fmt::format("it is larger than a rule pack may be: {} files and {} "
                                         "bytes; a file of a pack is a small text",
                                         kPackFilesMax, kPackBytesMax)};
  }
  if (error.code() == Code::kInvalid) {
    return {Code::kInvalid,
            "it is no pack file, which `insightd rules pack` makes: " + error.message()};
  }
  return NotWhole(error.message());
}

Result<archive::FileTree> Unpacked(std::string_view bytes, const archive::Wanted& wanted) {
  archive::MemorySource source(bytes);
  const archive::Limits limits{.unpacked_bytes_max = kTarBytesMax,
                               .member_bytes_max = kPackBytesMax,
                               .members_max = kPackFilesMax + 2};
  Result<archive::FileTree> tree = archive::Unpack(source, wanted, limits);
  if (!tree) return Fail(AboutPack(tree.error()));
  // Links, doubled names and the like are in no file that we write.
  if (tree->notes_total() > 0) return Fail(NotWhole(std::string(tree->notes().front())));
  return tree;
}

// The shell of gzip has bytes that its own checksum does not cover.
Result<void> CheckShell(std::string_view bytes, const archive::Totals& totals) {
  static const std::string kShell = archive::Gzip("").substr(0, kGzipHeaderBytes);
  if (!bytes.starts_with(kShell)) return Fail(NotWhole("its first bytes were changed"));
  std::uint32_t size = 0;
  for (std::size_t i = 1; i <= kGzipSizeBytes; ++i) {
    size = size << 8 | static_cast<unsigned char>(bytes[bytes.size() - i]);
  }
  if (size != static_cast<std::uint32_t>(totals.unpacked_bytes)) {
    return Fail(NotWhole("something was added behind its end"));
  }
  return {};
}

struct Opened {
  Manifest manifest;
  PackSeal seal;
};

// Manifest and signature; nothing else is kept on the way.
Result<Opened> Open(std::string_view bytes) {
  const Result<archive::FileTree> tree = Unpacked(
      bytes, [](std::string_view name) { return name == kManifest || name == kSignature; });
  if (!tree) return Fail(tree.error());
  if (Result<void> shell = CheckShell(bytes, tree->totals()); !shell) return Fail(shell.error());
  const archive::Member* text = tree->Find(kManifest);
  if (text == nullptr) {
    return Fail(Code::kInvalid, "it has no manifest.json; `insightd rules pack` makes pack files");
  }
  if (text->bytes.size() > kManifestBytesMax) {
    return Fail(Code::kTooLarge, fmt::format("its manifest is larger than {} bytes, which is more "
                                             "than any pack needs",
                                             kManifestBytesMax));
  }
  Result<Manifest> manifest = ParseManifest(text->bytes);
  if (!manifest) return Fail(manifest.error());
  Opened opened{*std::move(manifest), {}};
  PackSeal& seal = opened.seal;
  seal.name = opened.manifest.name;
  seal.version = opened.manifest.version;
  seal.files = opened.manifest.files.size();
  for (const Listed& file : opened.manifest.files) {
    if (file.bytes > kPackBytesMax - seal.bytes) {
      return Fail(Code::kTooLarge, fmt::format("its manifest lists more than {} bytes, which is "
                                               "more than a pack may have",
                                               kPackBytesMax));
    }
    seal.bytes += file.bytes;
  }
  if (const archive::Member* signature = tree->Find(kSignature)) {
    Result<PublicKey> signer = CheckSignature(text->bytes, signature->bytes);
    if (!signer) return Fail(signer.error());
    seal.signer = *std::move(signer);
  }
  const std::uint64_t wanted = seal.files + (seal.signer ? 2 : 1);
  if (tree->totals().members != wanted) {
    return Fail(NotWhole(fmt::format("it has {} members, and its manifest makes {} of them",
                                     tree->totals().members, wanted)));
  }
  return opened;
}

Result<PackFiles> Extract(std::string_view bytes, const Opened& opened, const std::string& origin) {
  Result<archive::FileTree> tree = Unpacked(bytes, {});
  if (!tree) return Fail(tree.error());
  PackFiles files;
  files.origin = origin;
  if (opened.seal.signer) files.signer = opened.seal.signer->Fingerprint();
  for (const Listed& listed : opened.manifest.files) {
    const archive::Member* member = tree->Find(std::string(kFolder) + listed.path);
    if (member == nullptr) {
      return Fail(NotWhole(fmt::format("its manifest lists {}, which is not in it", listed.path)));
    }
    if (member->bytes.size() != listed.bytes || Sha256Hex(member->bytes) != listed.sha256) {
      return Fail(NotWhole(fmt::format("{} is not as its manifest has it", listed.path)));
    }
    files.files.push_back({listed.path, std::string(member->bytes)});
    tree->Release(*member);
  }
  const PackHeader header = ReadPackHeader(files);
  if (header.name != opened.seal.name || header.version != opened.seal.version) {
    return Fail(Code::kInvalid,
                fmt::format("its manifest says {} {}, its pack.yaml {} {}", opened.seal.name,
                            opened.seal.version, header.name, header.version));
  }
  return files;
}

}  // namespace

Result<std::string> WritePackFile(const PackFiles& files, std::string_view name,
                                  std::string_view version, const PrivateKey* key) {
  Manifest manifest{std::string(name), std::string(version), {}};
  std::vector<std::string> names;
  names.reserve(files.files.size());
  std::uint64_t bytes = 0;
  for (const PackFile& file : files.files) {
    manifest.files.push_back({file.path, file.text.size(), Sha256Hex(file.text)});
    names.push_back(std::string(kFolder) + file.path);
    bytes += file.text.size();
  }
  if (files.files.size() > kPackFilesMax || bytes > kPackBytesMax) {
    return Fail(Code::kTooLarge, fmt::format("{} has more than {} files or {} bytes", files.origin,
                                             kPackFilesMax, kPackBytesMax));
  }
  const std::string manifest_text = Print(manifest);
  std::string signature_text;
  std::vector<archive::PackMember> members = {{kManifest, manifest_text, 0}};
  if (key != nullptr) {
    signature_text = PrintSignature(key->public_key().raw(), key->Sign(manifest_text));
    members.push_back({kSignature, signature_text, 0});
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    members.push_back({names[i], files.files[i].text, 0});
  }
  return archive::Pack(members);
}

Result<PackFiles> ReadPackFile(std::string_view bytes, const std::string& origin,
                               const TrustCheck& trust) {
  const Result<Opened> opened = Open(bytes);
  if (!opened) return Fail(opened.error());
  if (trust) {
    if (Result<void> trusted = trust(opened->seal); !trusted) return Fail(trusted.error());
  }
  return Extract(bytes, *opened, origin);
}

Result<PackSeal> VerifyPackFile(std::string_view bytes) {
  const Result<Opened> opened = Open(bytes);
  if (!opened) return Fail(opened.error());
  const Result<PackFiles> files = Extract(bytes, *opened, "");
  if (!files) return Fail(files.error());
  return opened->seal;
}

Result<std::string> ReadBytesOfPackFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (file == nullptr) {
    return Fail(errno == ENOENT ? Code::kNotFound : Code::kUnavailable,
                fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  std::string bytes;
  std::array<char, 64 * 1024> buffer;
  std::size_t got = 0;
  while ((got = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0) {
    bytes.append(buffer.data(), got);
    if (bytes.size() > kTarBytesMax) {
      return Fail(Code::kTooLarge,
                  fmt::format("{} has more than {} bytes; it is no pack file", path, kTarBytesMax));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return Fail(Code::kUnavailable, fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  }
  return bytes;
}

}  // namespace insightd::rules
