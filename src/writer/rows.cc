#include "writer/rows.h"

#include <charconv>
#include <span>
#include <utility>

#include "results/result.h"
#include "results/workloads.h"
#include "store/workloads_row.h"

namespace insightd::writer {
namespace {

Told ToldOf(const results::Head& head) {
  return {.request_id = head.request_id,
          .org_id = head.org_id,
          .cluster = head.cluster,
          .last_checked = head.last_checked,
          .account_number = head.account_number,
          .version = head.version};
}

// ---- Results ----

// -1 where the header is absent or no count.
std::int32_t CountIn(const bus::Record& record, std::string_view header) {
  const std::string* text = record.FindHeader(header);
  std::uint32_t count = 0;
  if (text == nullptr) return -1;
  const char* const end = text->data() + text->size();
  const auto [behind, error] = std::from_chars(text->data(), end, count);
  const bool whole = error == std::errc() && behind == end;
  return whole && std::in_range<std::int32_t>(count) ? static_cast<std::int32_t>(count) : -1;
}

// Whether no rule could judge the archive: it says nothing about its cluster. A pipeline that is
// not ours does not count passes; there an empty list of hits is a clean report.
bool NothingJudged(const results::Received& received, std::int32_t passes) {
  return received.hits.empty() && received.infos == 0 && received.errors == 0 && passes == 0;
}

store::ClusterResult ToStore(results::Received received, const bus::Record& record) {
  const std::int32_t passes = CountIn(record, results::kPassesHeader);
  const bool nothing_judged = NothingJudged(received, passes);
  store::ClusterResult result{
      .org_id = received.org_id,
      .cluster = std::move(received.cluster),
      .request_id = std::move(received.request_id),
      .last_checked = received.last_checked,
      .gathered = received.gathered,
      .report = std::move(received.report),
      .hits = {},
      .version = std::move(received.cluster_version),
      .archive = {},
      .pack = std::move(received.pack),
      .counts = {.passes = passes, .skips = received.skips, .errors = received.errors},
      .empty = received.empty,
      .nothing_judged = nothing_judged};
  result.hits.reserve(received.hits.size());
  for (results::Hit& hit : received.hits) {
    result.hits.push_back({std::move(hit.component), std::move(hit.key), std::move(hit.details)});
  }
  if (const std::string* archive = record.FindHeader(results::kArchiveHeader)) {
    result.archive = *archive;
  }
  return result;
}

class ResultRows final : public Rows {
 public:
  Result<Told> Add(const bus::Record& record, std::string_view value, json::Parser& parser,
                   const results::Admit& admit) override {
    Result<results::Received> received = results::Parse(value, parser, admit);
    if (!received) return Fail(std::move(received).error());
    Told told = ToldOf(*received);
    rows_.push_back(ToStore(*std::move(received), record));
    return told;
  }
  Result<std::vector<store::PutOutcome>> Put(store::Sink& store, std::size_t first,
                                             std::size_t end) const override {
    return store.Put(std::span(rows_).subspan(first, end - first));
  }

 private:
  std::vector<store::ClusterResult> rows_;
};

// ---- Workloads ----

class WorkloadRows final : public Rows {
 public:
  Result<Told> Add(const bus::Record&, std::string_view value, json::Parser& parser,
                   const results::Admit& admit) override {
    Result<results::ReceivedWorkloads> received = results::ParseWorkloads(value, parser, admit);
    if (!received) return Fail(std::move(received).error());
    Told told = ToldOf(*received);
    is_empty_.push_back(received->empty);
    store::ClusterWorkloads row{.org_id = received->org_id,
                                .cluster = std::move(received->cluster),
                                .request_id = std::move(received->request_id),
                                .last_checked = received->last_checked,
                                .report = std::move(received->metrics),
                                .namespaces = {}};
    for (results::Namespace& of : received->namespaces) {
      row.namespaces.push_back({.id = std::move(of.id),
                                .name = std::move(of.name),
                                .recommendations = of.recommendations,
                                .objects = of.objects,
                                .hits = std::move(of.hits)});
    }
    rows_.push_back(std::move(row));
    return told;
  }
  // Rows without anything to store are passed over; the store does not know such.
  Result<std::vector<store::PutOutcome>> Put(store::Sink& store, std::size_t first,
                                             std::size_t end) const override {
    std::vector<store::PutOutcome> outcomes;
    outcomes.reserve(end - first);
    std::size_t at = first;
    while (at < end) {
      if (is_empty_[at]) {
        outcomes.push_back(store::PutOutcome::kEmpty);
        ++at;
        continue;
      }
      // At most what one message may be, or one message.
      std::size_t behind = at;
      std::uint64_t bytes = 0;
      do {
        bytes += store::WrittenBytes(rows_[behind]);
        ++behind;
      } while (behind < end && !is_empty_[behind] &&
               bytes + store::WrittenBytes(rows_[behind]) <= store::kWorkloadsBytesMax);
      const auto stored = store.PutWorkloads(std::span(rows_).subspan(at, behind - at));
      if (!stored) return stored;
      outcomes.insert(outcomes.end(), stored->begin(), stored->end());
      at = behind;
    }
    return outcomes;
  }

 private:
  std::vector<store::ClusterWorkloads> rows_;
  std::vector<bool> is_empty_;
};

}  // namespace

Channel ChannelOf(Messages messages, const Settings& settings) {
  switch (messages) {
    case Messages::kResults:
      return {settings.results_topic, settings.group, settings.dead_letter_topic,
              settings.payload_tracker_service};
    case Messages::kWorkloads:
      return {settings.workloads_topic, settings.workloads_group,
              settings.workloads_dead_letter_topic, settings.workloads_payload_tracker_service};
  }
  __builtin_unreachable();
}

std::unique_ptr<Rows> MakeRows(Messages messages) {
  if (messages == Messages::kWorkloads) return std::make_unique<WorkloadRows>();
  return std::make_unique<ResultRows>();
}

}  // namespace insightd::writer
