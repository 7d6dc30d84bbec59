// Where the bytes of an archive come from, pulled piece by piece: a file, a blob, a socket, memory.
//
// A source (base/source.h) never has to hold the whole: who unpacks asks for as much as fits the
// work area.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/source.h"

namespace insightd::archive {

// Bytes that lie in memory and outlive the source.
class MemorySource final : public Source {
 public:
  explicit MemorySource(std::string_view bytes) : left_(bytes) {}
  Result<std::size_t> Read(std::span<char> out) override;

 private:
  std::string_view left_;
};

// A file on disk, opened at the first Read. kNotFound when it is not there, kUnavailable when the
// system cannot read it; the message names the file.
class FileSource final : public Source {
 public:
  explicit FileSource(std::string path) : path_(std::move(path)) {}
  ~FileSource() override;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  Result<std::size_t> Read(std::span<char> out) override;

 private:
  std::string path_;
  int file_ = -1;
};

}  // namespace insightd::archive
