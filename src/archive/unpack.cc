#include "archive/unpack.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "archive/byte_stream.h"
#include "archive/names.h"
#include "archive/tar_header.h"
#include "archive/tree_builder.h"

namespace insightd::archive {
namespace {

// A member that does not fit the rest of the window is carried to the next one up to this size;
// a larger one has a block of its own.
constexpr std::size_t kCarryBytesMax = 256 << 10;
// Of PAX records and GNU names; real ones have some hundred bytes.
constexpr std::uint64_t kExtensionBytesMax = 1 << 20;
// A window of which less than one in so many bytes is kept has these copied out.
constexpr std::size_t kKeptShareMin = 2;

// Walks the tar that a stream yields. The bytes are read into a window, a shared block of the
// tree, and what is wanted stays where it was inflated to: no copy but at the window's end.
class Walk {
 public:
  Walk(ByteStream& stream, TreeBuilder& tree, const Limits& limits)
      : stream_(stream), tree_(tree), limits_(limits) {}

  Result<void> Run() {
    OpenWindow();
    while (true) {
      const auto more = Entry();
      if (!more) return Fail(Error(more.error()).While(fmt::format("entry {}", entries_ + 1)));
      if (!*more) break;
    }
    if (auto drained = Drain(); !drained) return drained;
    CloseWindow();
    return {};
  }

 private:
  // What extension headers said about the next member.
  struct Extension {
    std::optional<std::string> name;
    std::optional<std::uint64_t> size;
    std::optional<FileTime> modified;
    bool is_sparse = false;
    bool is_there = false;
  };

  // -- the window

  void OpenWindow() {
    window_ = tree_.blocks().Add(kSharedBlockBytes);
    base_ = tree_.blocks().data(window_);
  }

  // Lets go of the window; the members in it keep its block.
  void CloseWindow() {
    tree_.blocks().SetUsed(window_, end_);
    if (tree_.BytesIn(window_) < end_ / kKeptShareMin) tree_.MoveOutOf(window_);
    tree_.blocks().DropUser(window_);
  }

  // Moves what is ahead to the start of a window.
  void TurnWindow() {
    const std::size_t tail = end_ - at_;
    const std::size_t kept = tree_.BytesIn(window_);
    if (kept < kSharedBlockBytes / kKeptShareMin) {
      if (kept > 0) tree_.MoveOutOf(window_);
      std::memmove(base_, base_ + at_, tail);
    } else {
      const std::uint32_t full = window_;
      const char* const carried = base_ + at_;
      OpenWindow();
      std::memcpy(base_, carried, tail);
      tree_.blocks().SetUsed(full, kSharedBlockBytes);
      tree_.blocks().DropUser(full);
    }
    at_ = 0;
    end_ = tail;
  }

  // Reads on until the window is full or the stream ends.
  Result<void> Fill() {
    if (ended_) return {};
    const std::size_t room = kSharedBlockBytes - end_;
    const auto got = stream_.Read({base_ + end_, room});
    if (!got) return Fail(got.error());
    end_ += *got;
    ended_ = *got < room;
    return {};
  }

  // Brings `bytes` (at most a window) into the window, in one piece. False when the stream ends
  // before.
  Result<bool> Need(std::size_t bytes) {
    if (end_ - at_ >= bytes) return true;
    if (kSharedBlockBytes - at_ < bytes) TurnWindow();
    while (end_ - at_ < bytes && !ended_) {
      if (auto filled = Fill(); !filled) return Fail(filled.error());
    }
    return end_ - at_ >= bytes;
  }

  Result<void> Skip(std::uint64_t bytes) {
    while (true) {
      const std::uint64_t taken = std::min<std::uint64_t>(bytes, end_ - at_);
      at_ += static_cast<std::size_t>(taken);
      bytes -= taken;
      if (bytes == 0) return {};
      if (ended_) return CutShort();
      if (end_ == kSharedBlockBytes) TurnWindow();
      if (auto filled = Fill(); !filled) return filled;
    }
  }

  tl::unexpected<Error> CutShort() const {
    return Fail(Code::kCorrupt, "the tar is cut short, its headers promise more");
  }

  // -- entries

  // One header with its data. False at the end of the tar.
  Result<bool> Entry() {
    const auto there = Need(kTarBlockBytes);
    if (!there) return there;
    if (!*there) return EndWithoutMarker();
    const char* const block = base_ + at_;
    if (IsZeroBlock(block)) {
      if (extension_.is_there) {
        return Fail(Code::kCorrupt, "an extension header without a member behind it");
      }
      at_ += kTarBlockBytes;
      return false;
    }
    auto header = ParseTarHeader(block, scratch_);
    if (!header) {
      // Inside gzip there was no look at the first bytes yet.
      if (entries_ == 0 && !extension_.is_there && !ChecksumHolds(block)) {
        return Fail(Code::kInvalid, "there is gzip but no tar inside; an archive is a tar");
      }
      return Fail(header.error());
    }
    // The names may lie in the block, which moves when the window turns.
    scratch_ = std::string(header->name);
    header->name = scratch_;
    at_ += kTarBlockBytes;
    if (header->map_continues) {
      if (auto skipped = SkipMap(); !skipped) return Fail(skipped.error());
    }
    auto done = IsExtension(header->kind) ? Extend(*header) : Describe(*header);
    if (!done) return Fail(done.error());
    return true;
  }

  Result<bool> EndWithoutMarker() {
    if (end_ != at_ || extension_.is_there) return CutShort();
    if (!stream_.is_gzip()) {
      return Fail(Code::kCorrupt, "the tar ends without its closing block: it is cut short");
    }
    tree_.Note("the tar ends without its closing block");
    return false;
  }

  // Blocks of a sparse file's map, each of which says whether another follows.
  Result<void> SkipMap() {
    constexpr std::size_t kContinuesAt = 504;
    bool continues = true;
    while (continues) {
      const auto there = Need(kTarBlockBytes);
      if (!there) return Fail(there.error());
      if (!*there) return CutShort();
      continues = base_[at_ + kContinuesAt] != '\0';
      at_ += kTarBlockBytes;
    }
    return {};
  }

  static bool IsExtension(Kind kind) {
    return kind == Kind::kPaxMember || kind == Kind::kPaxGlobal || kind == Kind::kGnuName ||
           kind == Kind::kGnuLinkName;
  }

  Result<void> Extend(const TarHeader& header) {
    if (header.size > kExtensionBytesMax) {
      return Fail(Code::kTooLarge, fmt::format("an extension header of {} bytes; {} are the most",
                                               header.size, kExtensionBytesMax));
    }
    const auto size = static_cast<std::size_t>(header.size);
    // Up to a window's size, so in one piece.
    const auto there = Need(size);
    if (!there) return Fail(there.error());
    if (!*there) return CutShort();
    const std::string_view data(base_ + at_, size);
    extension_.is_there = extension_.is_there || header.kind != Kind::kPaxGlobal;
    if (header.kind == Kind::kGnuName) {
      extension_.name.emplace(data.substr(0, data.find('\0')));
    } else if (header.kind == Kind::kPaxMember || header.kind == Kind::kPaxGlobal) {
      auto records = ParsePaxRecords(data);
      if (!records) return Fail(std::move(records.error()));
      if (header.kind == Kind::kPaxGlobal) {
        global_modified_ = records->modified;
      } else {
        if (records->path) extension_.name = std::move(records->path);
        if (records->size) extension_.size = records->size;
        if (records->modified) extension_.modified = records->modified;
        extension_.is_sparse = extension_.is_sparse || records->is_sparse;
      }
    }
    return Skip(header.size + TarPadding(header.size));
  }

  // A header of something that has a name.
  Result<void> Describe(TarHeader& header) {
    const Extension extension = std::exchange(extension_, {});
    ++entries_;
    if (entries_ > limits_.members_max) {
      return Fail(Code::kTooLarge, fmt::format("more than {} members, over pipeline.members_max",
                                               limits_.members_max));
    }
    if (extension.name) {
      header.name = *extension.name;
      // What the short name looked like says nothing then.
      if (header.kind == Kind::kFolder && header.flag != '5') header.kind = Kind::kRegular;
      if (header.kind == Kind::kRegular && header.name.ends_with('/')) {
        header.kind = Kind::kFolder;
      }
    }
    const bool has_data = header.kind == Kind::kRegular || header.kind == Kind::kSparse ||
                          header.kind == Kind::kOther || header.kind == Kind::kVolumeLabel;
    if (extension.size && has_data) header.size = *extension.size;
    header.modified = extension.modified.value_or(global_modified_.value_or(header.modified));
    if (auto fits = CheckSize(header); !fits) return fits;
    if (header.kind == Kind::kVolumeLabel) return Skip(header.size + TarPadding(header.size));
    const auto name = NormalName(header.name, normal_);
    if (!name) return Fail(name.error());
    if (header.kind == Kind::kFolder) return Skip(header.size + TarPadding(header.size));
    if (extension.is_sparse) header.kind = Kind::kSparse;
    if (header.kind != Kind::kRegular) {
      tree_.Note(fmt::format("{} is {} and was passed over", ShownName(*name), What(header)));
      return Skip(header.size + TarPadding(header.size));
    }
    if (name->empty()) return Fail(Code::kCorrupt, "a member without a name");
    if (!tree_.Begin(*name, header.size, header.modified)) {
      return Skip(header.size + TarPadding(header.size));
    }
    return Keep(header.size);
  }

  Result<void> CheckSize(const TarHeader& header) const {
    if (header.size > limits_.member_bytes_max) {
      return Fail(Code::kTooLarge,
                  fmt::format("{} of {} bytes is over pipeline.member_bytes_max ({})",
                              ShownName(header.name), header.size, limits_.member_bytes_max));
    }
    // What it promises would go over the limit: no need to inflate up to there.
    const std::uint64_t walked = stream_.unpacked_bytes() - (end_ - at_);
    if (header.size > limits_.unpacked_bytes_max - walked) {
      return Fail(Code::kTooLarge, fmt::format("{} of {} bytes behind {} others is over "
                                               "pipeline.unpacked_bytes_max ({})",
                                               ShownName(header.name), header.size, walked,
                                               limits_.unpacked_bytes_max));
    }
    return {};
  }

  static std::string What(const TarHeader& header) {
    switch (header.kind) {
      case Kind::kLink: return header.flag == '1' ? "a hard link" : "a symbolic link";
      case Kind::kDevice: return header.flag == '6' ? "a fifo" : "a device";
      case Kind::kSparse: return "a sparse file";
      default:
        return fmt::format("of the unknown kind {}", static_cast<unsigned char>(header.flag));
    }
  }

  // The data of the member begun.
  Result<void> Keep(std::uint64_t bytes) {
    const auto size = static_cast<std::size_t>(bytes);  // at most member_bytes_max
    const bool fits = size <= kSharedBlockBytes - at_;
    if (fits || size <= kCarryBytesMax) {
      const auto there = Need(size);
      if (!there) return Fail(there.error());
      if (!*there) return CutShort();
      tree_.Keep({base_ + at_, size}, window_);
      return Skip(bytes + TarPadding(bytes));
    }
    const std::uint32_t own = tree_.blocks().Add(size);
    char* const data = tree_.blocks().data(own);
    const std::size_t ahead = std::min(end_ - at_, size);
    std::memcpy(data, base_ + at_, ahead);
    at_ += ahead;
    if (ahead < size) {
      const auto got = stream_.Read({data + ahead, size - ahead});
      if (!got) return Fail(got.error());
      if (*got < size - ahead) return CutShort();
    }
    tree_.blocks().SetUsed(own, size);
    tree_.Keep({data, size}, own);
    tree_.blocks().DropUser(own);
    return Skip(TarPadding(bytes));
  }

  // Reads what is behind the tar, so that the gzip trailer is checked and limits hold.
  Result<void> Drain() {
    bool is_odd = false;
    while (true) {
      is_odd = is_odd || std::any_of(base_ + at_, base_ + end_, [](char c) { return c != '\0'; });
      at_ = end_;
      if (ended_) break;
      if (end_ == kSharedBlockBytes) TurnWindow();
      if (auto filled = Fill(); !filled) return filled;
    }
    if (is_odd) tree_.Note("bytes behind the end of the tar were not read");
    return {};
  }

  ByteStream& stream_;
  TreeBuilder& tree_;
  const Limits& limits_;
  std::uint32_t window_ = kNoBlock;
  char* base_ = nullptr;
  std::size_t at_ = 0;   // how far the walk is
  std::size_t end_ = 0;  // how far the window is filled
  bool ended_ = false;   // the stream has no more
  std::uint64_t entries_ = 0;
  Extension extension_;
  std::optional<FileTime> global_modified_;
  std::string scratch_;
  std::string normal_;
};

}  // namespace

struct Unpacker::Impl {
  ByteStream stream;
  std::shared_ptr<BlockPool> pool = std::make_shared<BlockPool>();
};

Unpacker::Unpacker() : impl_(std::make_unique<Impl>()) {}
Unpacker::~Unpacker() = default;

Result<FileTree> Unpacker::Unpack(Source& upload, const Wanted& wanted, const Limits& limits) {
  if (auto opened = impl_->stream.Open(upload, limits.unpacked_bytes_max); !opened) {
    return Fail(std::move(opened.error()));
  }
  TreeBuilder tree(impl_->pool, wanted);
  Walk walk(impl_->stream, tree, limits);
  if (auto walked = walk.Run(); !walked) return Fail(std::move(walked.error()));
  return tree.Finish({.members = 0,
                      .bytes = 0,
                      .packed_bytes = impl_->stream.packed_bytes(),
                      .unpacked_bytes = impl_->stream.unpacked_bytes()});
}

Result<FileTree> Unpack(Source& upload, const Wanted& wanted, const Limits& limits) {
  return Unpacker().Unpack(upload, wanted, limits);
}

}  // namespace insightd::archive
