// What many ask at once, each of one cluster or organisation, and how it goes to the server
// together: the reports in one statement, the lists in another, all in one round trip.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/postgres/lists.h"
#include "store/postgres/reports.h"
#include "store/store.h"

namespace insightd::store::pg {

// Who asks, and who is told: once.
struct ReportQuestion {
  ReportKey key;
  std::function<void(Result<ClusterReport>)> done;
};
struct ClustersQuestion {
  ClustersKey key;
  std::function<void(Result<std::optional<TextList>>)> done;  // see Store::FewClustersSince
};
using Question = std::variant<ReportQuestion, ClustersQuestion>;

// More in one round trip make it no cheaper, and the first of them wait longer.
constexpr std::size_t kTogetherMax = 32;

// What it takes on its way to the server, without what is the same for all.
std::size_t BytesOf(const Question& question);
void Refuse(const Question& question, const Error& why);

void AskTogether(Pipeline& pipeline, std::span<const Question> questions);
// With the answers to what AskTogether has added for the same questions: tells each who asks.
void AnswerTogether(std::vector<Rows> answers, std::span<const Question> questions);

}  // namespace insightd::store::pg
