#include "promises.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "base/sqlite.h"
#include "reads.h"

namespace insightd::simulation {
namespace {

constexpr std::size_t kLettersMax = 100'000;
constexpr std::size_t kHistoryPage = 3;
constexpr std::size_t kHistoryMax = 1'000;

using Broken = std::optional<std::string>;

std::string Describe(const SentUpload& upload) {
  return fmt::format("upload {} ({}, {}, cluster {}, {})", upload.mark,
                     kArchiveKindNames[static_cast<std::size_t>(upload.kind)], upload.request_id,
                     upload.cluster, FormatTime(upload.last_checked));
}

class Check {
 public:
  Check(Machine& machine, const BlobFolder& folder, const Uploads& uploads, const Kept& kept)
      : machine_(machine),
        store_(machine.store()),
        folder_(folder),
        uploads_(uploads),
        ends_kept_(static_cast<std::size_t>(kept.ends)),
        newest_archives_kept_(kept.newest_archives),
        forgets_(ends_kept_ < uploads.all().size()) {}

  Broken Run() {
    if (auto broken = Backlog()) return broken;
    if (auto broken = Letters()) return broken;
    if (auto broken = Foreign()) return broken;
    for (const auto& upload : uploads_.all()) {
      if (upload->request_id.empty()) continue;
      if (auto broken = End(*upload)) return broken;
    }
    if (forgotten_ > 0 && ends_.size() < ends_kept_) {
      return fmt::format("{} ends are forgotten, and only {} can be looked up", forgotten_,
                         ends_.size());
    }
    std::set<std::string> clusters;
    for (const auto& upload : uploads_.all()) clusters.insert(upload->cluster);
    for (const std::string& cluster : clusters) {
      if (auto broken = Cluster(cluster)) return broken;
      if (auto broken = AskedByOther(cluster)) return broken;
    }
    return {};
  }

 private:
  // Every group has read all that there is of its topics.
  Broken Backlog() {
    const auto database = sqlite::Database::Open(kBusPath, {.read_only = true});
    if (!database) return database.error().message();
    const auto waiting = (*database)->Number(
        "SELECT sum(l.next - p.next) FROM position p JOIN log l ON l.id = p.log");
    if (!waiting) return waiting.error().message();
    if (*waiting != 0) {
      return fmt::format("{} messages are left although nothing goes wrong any more", *waiting);
    }
    std::int64_t partitions = 0;
    for (const bus::TopicOptions& topic : TopicsOfWorld()) {
      partitions += topic.partitions * static_cast<std::int64_t>(topic.groups.size());
    }
    const auto read = (*database)->Number("SELECT count(*) FROM position");
    if (!read) return read.error().message();
    if (*read == partitions) return {};
    return fmt::format("{} partitions are read, of {}", *read, partitions);
  }

  Broken Letters() {
    const auto letters = store_.ListDeadLetters({.letters_max = kLettersMax});
    if (!letters) return letters.error().message();
    for (const store::DeadLetter& letter : *letters) {
      if (letter.reason.empty()) return fmt::format("dead letter {} has no reason", letter.id);
      if (Uploads::IsForeign(letter.key)) {
        ++foreign_letters_[letter.key];
        continue;
      }
      const SentUpload* upload = uploads_.Find(letter.request_id);
      if (upload == nullptr) {
        return fmt::format("dead letter {} is of an upload that nobody sent: {}", letter.id,
                           letter.reason);
      }
      if (letter.topic == writer::Settings().workloads_topic) {
        ++workloads_letters_[letter.request_id];
        continue;
      }
      letters_[letter.request_id].push_back(letter);
      if (upload->dropped || IsForgotten(*upload)) continue;
      if (auto broken = Archive(letter.archive)) {
        return fmt::format("dead letter {}: {}", letter.id, *broken);
      }
    }
    return {};
  }

  // As it was sent.
  Broken Archive(const std::string& key) const {
    const auto at = folder_.objects.find(key);
    if (at == folder_.objects.end()) return fmt::format("archive {} is gone", key);
    const SentUpload* upload = uploads_.Find(key);
    if (upload != nullptr && upload->archive == at->second.bytes) return {};
    return fmt::format("archive {} is not what was sent", key);
  }

  // What nobody can read is one letter, when the bus has said that it has it.
  Broken Foreign() {
    for (const auto& message : uploads_.foreign()) {
      const std::size_t letters = foreign_letters_[message->key];
      if (IsCount(letters, message->durable, message->replayed)) continue;
      return fmt::format("{}, which nobody can read, is {} dead letters", message->key, letters);
    }
    return {};
  }

  // One letter; perhaps none where `sure` is false; another one may come back where it was
  // replayed.
  static bool IsCount(std::size_t letters, bool sure, bool replayed) {
    return letters == 1 || (letters == 0 && !sure) || (letters > 1 && replayed);
  }

  // In a world where ends are forgotten an upload whose announcement comes once more afterwards may
  // end a second time, when its archive is gone.
  bool IsForgotten(const SentUpload& upload) {
    if (!forgets_ || IsRefused(upload.kind)) return false;
    const auto& letters = letters_[upload.request_id];
    return letters.empty() || letters.front().code == CodeName(Code::kNotFound);
  }

  Broken End(const SentUpload& upload) {
    const auto end = store_.FindUpload(upload.request_id);
    if (!end && end.error().code() != Code::kNotFound) return end.error().message();
    const bool is_letter = end && end->end == store::UploadEnd::kDeadLetter;
    if ((!end || is_letter) && IsForgotten(upload)) {
      if (upload.accepted) ++forgotten_;
      return {};
    }
    const auto& letters = letters_[upload.request_id];
    if (!end) {
      if ((!upload.accepted || upload.dropped) && letters.empty()) return {};
      return fmt::format("{} has no end: {}", Describe(upload), end.error().message());
    }
    const std::string reason = letters.empty() ? "" : ": " + letters.front().reason;
    if (is_letter ? !IsCount(letters.size(), true, upload.replayed || upload.dropped)
                  : !letters.empty()) {
      return fmt::format("{} has {} ends{}", Describe(upload), letters.size() + (is_letter ? 0 : 1),
                         reason);
    }
    if (is_letter != IsRefused(upload.kind)) {
      return fmt::format("{} ends wrongly: {}{}", Describe(upload),
                         is_letter ? "a dead letter" : "not a dead letter", reason);
    }
    // More than one when the archive was judged more than once: README.md.
    const std::size_t of_workloads = workloads_letters_[upload.request_id];
    const bool is_odd = upload.kind == ArchiveKind::kOddWorkloads;
    if ((of_workloads > 0) != is_odd && !(is_odd && upload.dropped)) {
      return fmt::format("workloads of {} are {} dead letters", Describe(upload), of_workloads);
    }
    if (!is_letter) ends_[&upload] = *end;
    if (end->end == store::UploadEnd::kEmpty && IsJudged(upload.kind)) {
      return fmt::format("{} counts as empty", Describe(upload));
    }
    if (end->end == store::UploadEnd::kStored) {
      const auto meta = store_.Meta(end->org_id, end->cluster);
      if (!meta || meta->request_id != upload.request_id) {
        return fmt::format("{} is said to be current and is not", Describe(upload));
      }
    }
    for (std::uint32_t org = 1; org <= kOrganizations; ++org) {
      const int status =
          ReadAs(machine_, org, "/api/insightd/v1/uploads/" + upload.request_id).status;
      if ((status == 200) != (org == upload.org_id)) {
        return fmt::format("asked by organisation {} for {}: {}", org, Describe(upload), status);
      }
    }
    return {};
  }

  Broken Cluster(const std::string& cluster) {
    bool any = false;
    for (const auto& upload : uploads_.all()) {
      any = any || (upload->cluster == cluster && IsToBeShown(*upload));
    }
    if (auto broken = Workloads(cluster)) return broken;
    if (auto broken = History(cluster)) return broken;
    const auto org = store_.OrganizationOf(cluster);
    if (!org) {
      if (!any) return {};
      return fmt::format("cluster {} shows nothing: {}", cluster, org.error().message());
    }
    const auto meta = store_.Meta(*org, cluster);
    if (!meta) return meta.error().message();
    const SentUpload* shown = uploads_.Find(meta->request_id);
    if (shown == nullptr || shown->cluster != cluster || shown->org_id != *org) {
      return fmt::format("cluster {} of organisation {} shows {}, which is not its own", cluster,
                         *org, meta->request_id);
    }
    if (const auto end = ends_.find(shown);
        end == ends_.end() || end->second.end != store::UploadEnd::kStored) {
      return fmt::format("{} is shown, and has another end", Describe(*shown));
    }
    if (auto broken = Newest(cluster, *shown)) return broken;
    const bool may_be_gone = !newest_archives_kept_ && !folder_.objects.contains(meta->request_id);
    if (auto broken = Archive(meta->request_id); broken && !may_be_gone) return broken;
    for (std::uint32_t asking = 1; asking <= kOrganizations; ++asking) {
      if (auto broken = Asked(asking, *org, *shown)) return broken;
    }
    return {};
  }

  // Whether it counts for what its cluster shows: it was accepted, or has come through all the
  // same.
  bool IsToBeShown(const SentUpload& upload) const {
    return !IsRefused(upload.kind) && (upload.accepted || ends_.contains(&upload));
  }

  // Of those that rules could judge the newest one is shown; else, until one comes, one of which
  // they could not judge anything.
  Broken Newest(const std::string& cluster, const SentUpload& shown) {
    for (const auto& upload : uploads_.all()) {
      if (upload->cluster != cluster || !IsJudged(upload->kind) || !IsToBeShown(*upload)) continue;
      if (IsNewer(*upload, shown)) {
        return fmt::format("cluster {} shows {}, although {} is newer", cluster, Describe(shown),
                           Describe(*upload));
      }
      const auto end = ends_.find(upload.get());
      if (!IsJudged(shown.kind) && end != ends_.end() &&
          end->second.end == store::UploadEnd::kReplaced) {
        return fmt::format("cluster {} shows {}, which replaced {}", cluster, Describe(shown),
                           Describe(*upload));
      }
    }
    return {};
  }

  // What an organisation reads of a cluster: all when it is its own, else nothing.
  Broken Asked(std::uint32_t asking, std::int64_t org, const SentUpload& shown) {
    const bool is_own = asking == org;
    const std::string mark = IsJudged(shown.kind) ? fmt::format("\"{}\"", shown.mark) : "";
    const std::string as_user = fmt::format(
        "/api/v1/organizations/{}/clusters/{}/users/user/report", asking, shown.cluster);
    for (const http::Response& answer :
         {ReadAs(machine_, asking, ReportPath(shown.cluster)),
          CallAs(machine_.aggregator(), asking, http::Method::kGet, as_user)}) {
      if ((answer.status == 200) != is_own) {
        return fmt::format("organisation {} asked for cluster {} of {}: {}", asking, shown.cluster,
                           org, answer.status);
      }
      if (auto foreign = FindForeignData(answer, asking)) return foreign;
      if (is_own && answer.bytes().find(mark) == std::string_view::npos) {
        return fmt::format("the report of cluster {} is not that of {}: {}", shown.cluster,
                           Describe(shown), answer.bytes());
      }
    }
    return {};
  }

  // What can be read of a cluster, by one organisation that it is not of: in its own name, and in
  // that of the owner. Half of it each time.
  Broken AskedByOther(const std::string& cluster) {
    const auto org = store_.OrganizationOf(cluster);
    if (!org) return {};
    const auto owner = static_cast<std::uint32_t>(*org);
    const std::size_t turn = uploads_.all().size() + static_cast<unsigned char>(cluster.front());
    const auto asking = static_cast<std::uint32_t>(1 + (owner + turn % 2) % kOrganizations);
    for (std::size_t read = turn / 2 % 2; read < Reads(); read += 2) {
      const std::uint32_t named = (turn + read) / 4 % 2 == 0 ? owner : asking;
      if (auto wrong = FindWrongAnswer(machine_, read, {asking, named, cluster}, false)) {
        return wrong;
      }
    }
    return {};
  }

  // Each result with its end, and as there now what the report has. A cluster that has moved shows
  // what was stored since.
  Broken History(const std::string& cluster) {
    const auto org = store_.OrganizationOf(cluster);
    if (!org) return {};
    std::map<std::string, store::UploadEnd> ends;
    bool has_moved = false;
    for (const auto& [upload, end] : ends_) {
      if (upload->cluster != cluster) continue;
      has_moved = has_moved || end.org_id != *org;
      ends.emplace(upload->request_id, end.end);
    }
    std::optional<store::ResultPlace> place;
    do {
      const auto page = store_.PastResults(*org, cluster, {}, place, kHistoryPage);
      if (!page) return page.error().message();
      for (const store::PastResult& result : page->results) {
        const auto found = ends.find(result.request_id);
        if (found == ends.end() || EndOf(found->second) != result.end) {
          return fmt::format("the history of cluster {} has {} twice, or with another end", cluster,
                             result.request_id);
        }
        ends.erase(found);
      }
      place = page->next;
    } while (place);
    if (!ends.empty() && !has_moved && !forgets_) {
      return fmt::format("the history of cluster {} lacks {} results, {} is one", cluster,
                         ends.size(), ends.begin()->first);
    }
    const auto report = store_.Report(*org, cluster, "");
    if (!report) return report.error().message();
    const auto page = store_.RecommendationsOfCluster(*org, cluster, {}, {}, {}, kHistoryMax);
    if (!page) return page.error().message();
    std::size_t present = 0;
    for (const store::RecommendationHistory& history : page->recommendations) {
      if (!history.intervals.front().gone) ++present;
    }
    if (present == report->hits.size()) return {};
    return fmt::format("the history of cluster {} has {} recommendations now, its report {}",
                       cluster, present, report->hits.size());
  }

  static store::ResultEnd EndOf(store::UploadEnd end) {
    switch (end) {
      case store::UploadEnd::kReplaced: return store::ResultEnd::kReplaced;
      case store::UploadEnd::kOvertaken: return store::ResultEnd::kOvertaken;
      case store::UploadEnd::kEmpty: return store::ResultEnd::kEmpty;
      case store::UploadEnd::kStored:
      case store::UploadEnd::kDeadLetter: break;
    }
    return store::ResultEnd::kStored;
  }

  // One row, in one organisation: of the newest upload that has any.
  Broken Workloads(const std::string& cluster) {
    const SentUpload* newest = nullptr;
    for (const auto& upload : uploads_.all()) {
      if (upload->cluster != cluster || upload->kind != ArchiveKind::kGood) continue;
      if (!IsToBeShown(*upload)) continue;
      if (newest == nullptr || IsNewer(*upload, *newest)) newest = upload.get();
    }
    std::vector<const SentUpload*> shown;
    for (std::uint32_t org = 1; org <= kOrganizations; ++org) {
      const auto rows = store_.Workloads(org, cluster);
      if (!rows) return rows.error().message();
      for (const store::StoredWorkloads& row : *rows) {
        for (const auto& upload : uploads_.all()) {
          if (upload->mark != row.workloads.id) continue;
          if (upload->cluster != cluster || upload->org_id != org) {
            return fmt::format("cluster {} of organisation {} shows workloads of {}", cluster, org,
                               Describe(*upload));
          }
          shown.push_back(upload.get());
        }
      }
    }
    if (shown.size() > 1) return fmt::format("workloads of cluster {} of two uploads", cluster);
    const SentUpload* found = shown.empty() ? nullptr : shown.front();
    if (found == newest) return {};
    const auto name = [](const SentUpload* upload) {
      return upload == nullptr ? "none" : Describe(*upload);
    };
    // That of one whose end is forgotten may be there.
    if (forgets_ && found != nullptr && (newest == nullptr || IsNewer(*found, *newest))) return {};
    return fmt::format("cluster {} shows workloads of {} instead of {}", cluster, name(found),
                       name(newest));
  }

  static bool IsNewer(const SentUpload& a, const SentUpload& b) {
    return std::tie(a.last_checked, a.request_id) > std::tie(b.last_checked, b.request_id);
  }

  Machine& machine_;
  store::Store& store_;
  const BlobFolder& folder_;
  const Uploads& uploads_;
  const std::size_t ends_kept_;
  const bool newest_archives_kept_;
  const bool forgets_;
  std::map<std::string, std::vector<store::DeadLetter>> letters_;  // of uploads, by request
  std::map<std::string, std::size_t> workloads_letters_;           // by request
  std::map<std::string, std::size_t> foreign_letters_;             // by key
  std::map<const SentUpload*, store::Upload> ends_;                // but dead letters
  std::size_t forgotten_ = 0;
};

}  // namespace

std::optional<std::string> FindBrokenPromise(Machine& machine, const BlobFolder& folder,
                                             const Uploads& uploads, const Kept& kept) {
  return Check(machine, folder, uploads, kept).Run();
}

}  // namespace insightd::simulation
