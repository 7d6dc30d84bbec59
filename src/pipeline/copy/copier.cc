#include "pipeline/copy/copier.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "announce/announcement.h"
#include "archive/unpack.h"
#include "base/log.h"
#include "base/log_events.h"
#include "blob/key.h"
#include "pipeline/copy/key_pattern.h"
#include "pipeline/copy/upload.h"
#include "pipeline/fetch/fetch.h"
#include "pipeline/fetch/watched_source.h"
#include "pipeline/read_message.h"
#include "pipeline/unpack/cluster_id.h"
#include "results/other_messages.h"
#include "results/payload_status.h"

namespace insightd::pipeline {
namespace {

constexpr log::Logger kLog("pipeline");
constexpr std::size_t kBufferBytes = std::size_t{64} << 10;
using Buffer = std::array<char, kBufferBytes>;

// Passes on what is read, and writes it too. `failed_reading`: it was not the writing that failed.
class Tee final : public Source {
 public:
  Tee(Source& from, Upload& into) : from_(from), into_(into) {}
  Result<std::size_t> Read(std::span<char> into) override {
    Result<std::size_t> count = from_.Read(into);
    if (!count) failed_reading_ = true;
    if (!count || *count == 0) return count;
    bytes_ += *count;
    if (auto written = into_.Append(into.first(*count)); !written) {
      return Fail(std::move(written).error());
    }
    return count;
  }
  bool failed_reading() const { return failed_reading_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  Source& from_;
  Upload& into_;
  bool failed_reading_ = false;
  std::uint64_t bytes_ = 0;
};

// As many bytes as `into` holds, fewer only at the end.
Result<std::size_t> Fill(Source& source, std::span<char> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const Result<std::size_t> count = source.Read(into.subspan(filled));
    if (!count) return count;
    if (*count == 0) break;
    filled += *count;
  }
  return filled;
}

Result<bool> SameBytes(Source& a, Source& b) {
  const auto of_a = std::make_unique<Buffer>();
  const auto of_b = std::make_unique<Buffer>();
  while (true) {
    const Result<std::size_t> bytes_a = Fill(a, *of_a);
    if (!bytes_a) return Fail(bytes_a.error());
    const Result<std::size_t> bytes_b = Fill(b, *of_b);
    if (!bytes_b) return Fail(bytes_b.error());
    if (*bytes_a != *bytes_b ||
        !std::equal(of_a->begin(), of_a->begin() + *bytes_a, of_b->begin())) {
      return false;
    }
    if (*bytes_a < kBufferBytes) return true;
  }
}

KeyNames NamesFor(const std::string& cluster, const std::string& organization, Time uploaded) {
  const std::string at = FormatTimeSeconds(uploaded);  // 2026-08-01T10:00:00Z
  return {{"cluster_id", cluster},
          {"org_id", organization},
          {"year", at.substr(0, 4)},
          {"month", at.substr(5, 2)},
          {"day", at.substr(8, 2)},
          {"hour", at.substr(11, 2)},
          {"minute", at.substr(14, 2)},
          {"second", at.substr(17, 2)},
          {"time", at.substr(11, 2) + at.substr(14, 2) + at.substr(17, 2)}};
}

Result<std::string> KeyOf(const CopySettings& settings, const KeyNames& names) {
  Result<std::string> key = MakeKey(settings.pattern, names);
  if (!key) return Fail(std::move(key).error().While("the pattern of copies' keys"));
  std::string_view prefix = settings.prefix;
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  std::string whole = prefix.empty() ? *std::move(key) : fmt::format("{}/{}", prefix, *key);
  if (auto checked = blob::CheckKey(whole); !checked) return Fail(std::move(checked).error());
  return whole;
}

// `a/031044.tar.gz` with "-4f0c" before the extensions.
std::string Beside(const std::string& key, std::string_view mark) {
  const std::size_t name = key.rfind('/') + 1;  // npos + 1 is 0
  const std::size_t dot = std::min(key.find('.', name), key.size());
  return fmt::format("{}-{}{}", key.substr(0, dot), mark, key.substr(dot));
}

class Copier final : public Handler {
 public:
  Copier(const HandlerParts& parts, CopySettings settings)
      : parts_(parts), settings_(std::move(settings)) {}

  Handled Handle(const bus::Message& message, int tries, std::stop_token stop) override {
    Handled handled;
    if (IsOfAnotherService(message, parts_.settings)) {
      handled.filtered = true;
      return handled;
    }
    Task task{.message = message, .tries = tries, .stop = std::move(stop), .handled = handled};
    const auto failed = [&handled](std::string_view stage, const Result<void>& outcome) {
      if (outcome) return false;
      handled.stage = stage;
      handled.failure = outcome.error();
      return true;
    };
    task.taken = task.downloaded = parts_.clock.Steady();
    if (failed(kStageParse, Parse(task)) || failed(kStageFetch, FindCluster(task))) return handled;
    const Result<void> copied = Copy(task);
    if (failed(task.stage, copied)) return handled;
    handled.result = bus::Record{
        .key = handled.known.cluster,
        .value = results::PrintSyncedArchive({.path = task.key,
                                              .original_path = task.announcement.url,
                                              .cluster = handled.known.cluster,
                                              .external_organization = handled.known.org_id,
                                              .request_id = handled.known.request_id}),
        .headers = {},
        .timestamp = {}};
    handled.judged = parts_.clock.Steady();
    parts_.hosted.process_seconds[Index(handled.known.kind)].Observe(
        Seconds(handled.judged - task.downloaded));
    return handled;
  }

 private:
  struct Task {
    const bus::Message& message;
    int tries;
    std::stop_token stop;
    Handled& handled;
    announce::Announcement announcement = {};
    microseconds taken{};
    microseconds downloaded{};  // `taken` where it need not be: it was copied before
    std::string key = {};
    std::string_view stage = kStageCopy;  // of what fails while it is copied

    void Log(std::string_view event, std::string_view text, std::uint64_t bytes = 0) const {
      const Known& known = handled.known;
      kLog.Info(event, text,
                {{"request_id", known.request_id},
                 {"org_id", known.org_id},
                 {"cluster", known.cluster},
                 {"topic", message.position.topic},
                 {"partition", message.position.partition},
                 {"offset", message.position.offset},
                 {"attempt", tries},
                 {"bytes", bytes},
                 {"blob", key}});
    }
  };

  Result<void> Parse(Task& task) {
    const Result<std::string> text = ReadText(task.message, parts_.settings);
    if (!text) return Fail(text.error());
    Known& known = task.handled.known;
    auto parsed = ReadAnnouncement(*text, parts_.blobs, parser_, known);
    if (!parsed) return Fail(std::move(parsed).error());
    task.announcement = *std::move(parsed);
    task.Log(log::event::kAnnounceConsumed, "announcement taken");
    if (task.tries == 1) {
      parts_.hosted.received.Add();
      parts_.status.Tell(known, results::kStatusReceived);
    }
    return {};
  }

  Result<Fetched> Open(const Task& task) {
    parts_.beat.Begin(kStageFetch);
    Result<Fetched> fetched = OpenArchive(task.announcement, parts_.blobs, parts_.settings);
    if (!fetched) return fetched;
    fetched->source = std::make_unique<WatchedSource>(std::move(fetched->source), parts_.clock,
                                                      parts_.beat, task.stop);
    return fetched;
  }

  // Reads the archive for its `config/id` where the announcement does not tell, since the key
  // begins with the cluster.
  Result<void> FindCluster(Task& task) {
    if (!task.announcement.cluster().empty()) {
      const auto choice = ChooseCluster(task.announcement, "");
      if (choice) task.handled.known.cluster = choice->cluster;
      if (choice) return {};
    }
    Result<Fetched> fetched = Open(task);
    if (!fetched) return Fail(std::move(fetched).error());
    auto choice = Choose(task.announcement, *fetched->source);
    if (!choice) return Fail(std::move(choice).error());
    task.handled.known.cluster = std::move(choice->cluster);
    return {};
  }

  // Reads the archive to its end.
  Result<ClusterChoice> Choose(const announce::Announcement& announcement, Source& source) {
    const auto wanted = [](std::string_view member) { return member.ends_with(kClusterIdMember); };
    const Result<archive::FileTree> tree = unpacker_.Unpack(source, wanted, parts_.settings.limits);
    if (!tree) return Fail(tree.error());
    const archive::Member* config_id = tree->Find(kClusterIdMember);
    return ChooseCluster(announcement, config_id == nullptr ? "" : config_id->bytes);
  }

  Result<void> Copy(Task& task) {
    const Known& known = task.handled.known;
    const announce::Announcement& announcement = task.announcement;
    Result<std::string> key =
        KeyOf(settings_, NamesFor(known.cluster, known.org_id, announcement.uploaded));
    if (!key) return Fail(std::move(key).error());
    Result<void> copied = CopyTo(task, *std::move(key));
    if (copied || copied.error().code() != Code::kConflict) return copied;
    if (const Result<bool> same = IsCopied(task); !same || *same) return WithoutValue(same);
    const std::string mark =
        known.request_id.empty()
            ? fmt::format("{}-{}", task.message.position.partition, task.message.position.offset)
            : known.request_id;
    copied = CopyTo(task, Beside(task.key, mark));
    if (copied || copied.error().code() != Code::kConflict) return copied;
    if (const Result<bool> same = IsCopied(task); !same || *same) return WithoutValue(same);
    return copied;
  }

  static Result<void> WithoutValue(const Result<bool>& outcome) {
    if (!outcome) return Fail(outcome.error());
    return {};
  }

  Result<void> CopyTo(Task& task, std::string key) {
    task.key = std::move(key);
    task.stage = kStageFetch;
    task.Log(log::event::kArchiveDownloadStarted, "opening archive");
    Result<Fetched> fetched = Open(task);
    if (!fetched) return Fail(std::move(fetched).error());
    task.stage = kStageCopy;
    Result<Upload> upload = Upload::Begin(parts_.blobs, task.key);
    if (!upload) return Fail(std::move(upload).error());
    parts_.beat.Begin(kStageCopy);
    Tee both(*fetched->source, *upload);
    const Result<void> read = ReadWhole(task.announcement, both);
    if (both.failed_reading()) task.stage = kStageFetch;
    if (!read) return read;
    const Known& known = task.handled.known;
    const auto bytes = static_cast<double>(both.bytes());
    parts_.hosted.downloaded_bytes.Observe(bytes);
    task.downloaded = parts_.clock.Steady();
    parts_.hosted.download_seconds.Observe(Seconds(task.downloaded - task.taken));
    parts_.hosted.extracted[Index(known.kind)].Add();
    parts_.hosted.archive_bytes[Index(known.kind)].Observe(bytes);
    task.Log(log::event::kArchiveDownloaded, "archive read", both.bytes());
    if (auto committed = upload->Commit(); !committed) return committed;
    parts_.hosted.processed[Index(known.kind)].Add();
    parts_.status.Tell(known, results::kStatusProcessing);
    task.Log("", "archive copied", both.bytes());
    return {};
  }

  // Fails for what is no whole archive.
  Result<void> ReadWhole(const announce::Announcement& announcement, Source& source) {
    const Result<ClusterChoice> choice = Choose(announcement, source);
    if (!choice) return Fail(choice.error());
    // What the unpacker had no use for.
    const auto rest = std::make_unique<Buffer>();
    while (true) {
      const Result<std::size_t> count = source.Read(*rest);
      if (!count) return Fail(count.error());
      if (*count == 0) return {};
    }
  }

  // Whether what lies under the key is this archive.
  Result<bool> IsCopied(const Task& task) {
    Result<Fetched> there = OpenByKey(task.key, parts_.blobs);
    if (!there && there.error().code() == Code::kNotFound) {
      return Fail(Code::kUnavailable, "the object in the way has gone meanwhile");
    }
    if (!there) return Fail(std::move(there).error());
    Result<Fetched> fetched = Open(task);
    if (!fetched) return Fail(std::move(fetched).error());
    return SameBytes(*fetched->source, *there->source);
  }

  const HandlerParts parts_;
  const CopySettings settings_;
  archive::Unpacker unpacker_;
  json::Parser parser_;
};

}  // namespace

Result<void> CheckCopySettings(const CopySettings& settings) {
  const std::string cluster = "11111111-2222-4333-8444-555555555555";
  const Result<std::string> key = KeyOf(settings, NamesFor(cluster, "1", Time{}));
  if (!key) return Fail(key.error());
  return {};
}

MakeHandler MakeCopiers(CopySettings settings) {
  return [settings = std::move(settings)](const HandlerParts& parts) {
    return std::make_unique<Copier>(parts, settings);
  };
}

}  // namespace insightd::pipeline
