#include "promises.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "announce/announcement.h"
#include "base/sqlite.h"

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
  Check(Machine& machine, const BlobFolder& folder, const Uploads& uploads)
      : machine_(machine), store_(machine.store()), folder_(folder), uploads_(uploads) {}

  Broken Run() {
    if (auto broken = Backlog()) return broken;
    if (auto broken = Letters()) return broken;
    for (const auto& upload : uploads_.all()) {
      if (upload->request_id.empty()) continue;
      if (auto broken = End(*upload)) return broken;
    }
    std::set<std::string> clusters;
    for (const auto& upload : uploads_.all()) clusters.insert(upload->cluster);
    for (const std::string& cluster : clusters) {
      if (auto broken = Cluster(cluster)) return broken;
    }
    return {};
  }

 private:
  Broken Backlog() {
    const auto database = sqlite::Database::Open(kBusPath, {.read_only = true});
    if (!database) return database.error().message();
    const auto waiting = (*database)->Number(
        "SELECT sum(l.next - p.next) FROM position p JOIN log l ON l.id = p.log");
    if (!waiting) return waiting.error().message();
    if (*waiting == 0) return {};
    return fmt::format("{} messages are left although nothing goes wrong any more", *waiting);
  }

  Broken Letters() {
    const auto letters = store_.ListDeadLetters({.letters_max = kLettersMax});
    if (!letters) return letters.error().message();
    for (const store::DeadLetter& letter : *letters) {
      if (uploads_.Find(letter.request_id) == nullptr) {
        return fmt::format("dead letter {} is of an upload that nobody sent: {}", letter.id,
                           letter.reason);
      }
      if (letter.reason.empty()) return fmt::format("dead letter {} has no reason", letter.id);
      if (!folder_.objects.contains(letter.archive)) {
        return fmt::format("the archive of dead letter {} is gone", letter.id);
      }
      letters_[letter.request_id].push_back(letter);
    }
    return {};
  }

  Broken End(const SentUpload& upload) {
    const auto end = store_.FindUpload(upload.request_id);
    const auto& letters = letters_[upload.request_id];
    if (!end) {
      if (!upload.accepted && end.error().code() == Code::kNotFound) return {};
      return fmt::format("{} has no end: {}", Describe(upload), end.error().message());
    }
    const bool is_letter = end->end == store::UploadEnd::kDeadLetter;
    const std::string reason = letters.empty() ? "" : ": " + letters.front().reason;
    const bool more = is_letter && upload.replayed && letters.size() > 1;
    if (letters.size() != (is_letter ? 1 : 0) && !more) {
      return fmt::format("{} has {} ends{}", Describe(upload), letters.size() + (is_letter ? 0 : 1),
                         reason);
    }
    if (is_letter != IsRefused(upload.kind)) {
      return fmt::format("{} ends wrongly: {}{}", Describe(upload),
                         is_letter ? "a dead letter" : "not a dead letter", reason);
    }
    if (end->end == store::UploadEnd::kEmpty && upload.kind == ArchiveKind::kGood) {
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
    // The newest that was accepted, and could be judged.
    const SentUpload* newest = nullptr;
    bool any = false;
    for (const auto& upload : uploads_.all()) {
      if (!upload->accepted || upload->cluster != cluster || IsRefused(upload->kind)) continue;
      any = true;
      if (upload->kind != ArchiveKind::kGood) continue;
      if (newest == nullptr || IsNewer(*upload, *newest)) newest = upload.get();
    }
    if (auto broken = Workloads(cluster, newest)) return broken;
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
    if (newest != nullptr && shown != newest && !IsNewer(*shown, *newest)) {
      return fmt::format("cluster {} shows {}, although {} is newer", cluster, Describe(*shown),
                         Describe(*newest));
    }
    if (!folder_.objects.contains(meta->request_id)) {
      return fmt::format("the newest archive of cluster {} is gone", cluster);
    }
    for (std::uint32_t asking = 1; asking <= kOrganizations; ++asking) {
      const http::Response answer = ReadAs(machine_, asking, ReportPath(cluster));
      if ((answer.status == 200) != (asking == *org)) {
        return fmt::format("organisation {} asked for cluster {} of {}: {}", asking, cluster, *org,
                           answer.status);
      }
      if (auto foreign = FindForeignData(answer, asking)) return foreign;
      if (asking == *org && shown->kind == ArchiveKind::kGood &&
          answer.bytes().find("\"" + shown->mark + "\"") == std::string_view::npos) {
        return fmt::format("the report of cluster {} is not that of {}: {}", cluster,
                           Describe(*shown), answer.bytes());
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
    for (const auto& upload : uploads_.all()) {
      if (upload->cluster != cluster || upload->request_id.empty()) continue;
      const auto end = store_.FindUpload(upload->request_id);
      if (!end || end->end == store::UploadEnd::kDeadLetter) continue;
      has_moved = has_moved || end->org_id != *org;
      ends.emplace(upload->request_id, end->end);
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
    if (!ends.empty() && !has_moved) {
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

  // One row, in one organisation: of the newest good upload, or of one that is newer and was not
  // accepted.
  Broken Workloads(const std::string& cluster, const SentUpload* newest) {
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
    if (newest == nullptr) return {};
    if (shown.empty()) return fmt::format("cluster {} shows no workloads", cluster);
    if (shown.front() == newest || IsNewer(*shown.front(), *newest)) return {};
    return fmt::format("cluster {} shows workloads of {}, although {} is newer", cluster,
                       Describe(*shown.front()), Describe(*newest));
  }

  static bool IsNewer(const SentUpload& a, const SentUpload& b) {
    return std::tie(a.last_checked, a.request_id) > std::tie(b.last_checked, b.request_id);
  }

  Machine& machine_;
  store::Store& store_;
  const BlobFolder& folder_;
  const Uploads& uploads_;
  std::map<std::string, std::vector<store::DeadLetter>> letters_;
};

}  // namespace

std::optional<std::string> FindBrokenPromise(Machine& machine, const BlobFolder& folder,
                                             const Uploads& uploads) {
  return Check(machine, folder, uploads).Run();
}

http::Response CallAs(const http::Router& api, std::uint32_t org_id, http::Method method,
                      const std::string& path, std::string body) {
  http::Request request;
  request.method = method;
  request.target = path;
  request.body = std::move(body);
  request.remote_address = "10.0.0.1";
  request.headers = {
      {"x-rh-identity", announce::PrintIdentity(org_id, "", announce::ClusterProof::kNone)}};
  return api.Answer(std::move(request));
}

http::Response ReadAs(const Machine& machine, std::uint32_t org_id, const std::string& path) {
  return CallAs(machine.router(), org_id, http::Method::kGet, path);
}

std::string ReportPath(const std::string& cluster) {
  return "/api/insights-results-aggregator/v2/cluster/" + cluster + "/reports?get_disabled=true";
}

std::optional<std::string> FindForeignData(const http::Response& response, std::uint32_t org_id) {
  for (std::uint32_t other = 1; other <= kOrganizations; ++other) {
    if (other == org_id) continue;
    if (response.bytes().find(fmt::format("org{}-", other)) != std::string_view::npos) {
      return fmt::format("organisation {} was answered with data of {}: {}", org_id, other,
                         response.bytes());
    }
  }
  return {};
}

}  // namespace insightd::simulation
