#include "archive/testing/second_opinion.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "archive/names.h"
#include "archive/testing/tar.h"

namespace insightd::archive::testing {

std::optional<Seen> AsLibarchiveSees(std::string_view bytes) {
  struct archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  archive_read_support_filter_gzip(reader);
  Seen seen;
  bool good = archive_read_open_memory(reader, bytes.data(), bytes.size()) == ARCHIVE_OK;
  bool first = true;
  while (good) {
    struct archive_entry* entry = nullptr;
    const int result = archive_read_next_header(reader, &entry);
    if (result == ARCHIVE_EOF) break;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) {
      good = false;
      break;
    }
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr ||
        archive_entry_sparse_count(entry) > 0) {
      continue;
    }
    std::string content;
    char buffer[16 << 10];
    la_ssize_t got = 0;
    while ((got = archive_read_data(reader, buffer, sizeof(buffer))) > 0) {
      content.append(buffer, static_cast<std::size_t>(got));
    }
    std::string scratch;
    const char* path = archive_entry_pathname(entry);
    const auto name = NormalName(path == nullptr ? "" : path, scratch);
    if (got < 0 || !name) {
      good = false;
      break;
    }
    const FileTime modified{archive_entry_mtime(entry),
                            static_cast<std::uint32_t>(archive_entry_mtime_nsec(entry))};
    seen.newest = first ? modified : std::max(seen.newest, modified);
    first = false;
    seen.files[std::string(*name)] = std::move(content);
  }
  archive_read_free(reader);
  if (!good) return std::nullopt;
  return seen;
}

std::map<std::string, std::string> FilesOf(const FileTree& tree) {
  std::map<std::string, std::string> files;
  for (const Member& member : tree.members()) {
    files[std::string(member.name)] = std::string(member.bytes);
  }
  return files;
}

void LeaveOutLeadingFolder(std::map<std::string, std::string>& files) {
  if (files.empty()) return;
  const std::string& any = files.begin()->first;
  const std::string folder = any.substr(0, any.find('/') + 1);
  bool is_root = false;
  for (const auto& [name, bytes] : files) {
    if (folder.empty() || !name.starts_with(folder)) return;
    const std::string_view rest = std::string_view(name).substr(folder.size());
    is_root = is_root || rest.starts_with("config/") || rest.starts_with("insights-operator/");
  }
  if (!is_root) return;
  std::map<std::string, std::string> rest;
  for (auto& [name, bytes] : files) rest[name.substr(folder.size())] = std::move(bytes);
  files = std::move(rest);
}

std::string SmallTar() {
  TarBuilder tar;
  tar.Add({.name = "config/id", .bytes = "42", .modified_s = 1'724'820'900});
  tar.Pax({{"path", "config/" + std::string(120, 'p')}, {"mtime", "1724820901.5"}});
  tar.Add({.name = "short", .bytes = std::string(700, 'x')});
  tar.GnuName("config/" + std::string(150, 'g')).Add({.name = "short", .bytes = "gnu"});
  tar.Add({.name = "config/link", .flag = '2', .link = "id"});
  tar.Add({.name = "config/folder/", .flag = '5'});
  tar.Add({.name = "config/b", .bytes = "b", .modified_s = 5, .base_256 = true});
  return tar.End();
}

void MendChecksums(std::string& tar) {
  for (std::size_t at = 0; at + 512 <= tar.size(); at += 512) {
    if (tar.compare(at + 257, 5, "ustar") != 0) continue;
    unsigned sum = 8 * ' ';
    for (std::size_t i = 0; i < 512; ++i) {
      if (i < 148 || i >= 156) sum += static_cast<unsigned char>(tar[at + i]);
    }
    std::snprintf(tar.data() + at + 148, 8, "%06o", sum);
  }
}

}  // namespace insightd::archive::testing
