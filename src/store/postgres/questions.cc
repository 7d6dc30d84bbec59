#include "store/postgres/questions.h"

#include <utility>

#include "base/batch.h"

namespace insightd::store::pg {
namespace {

// Those of one kind, in their order.
template <class Kind>
std::vector<const Kind*> OfKind(std::span<const Question> questions) {
  std::vector<const Kind*> found;
  found.reserve(questions.size());
  for (const Question& question : questions) {
    if (const auto* one = std::get_if<Kind>(&question)) found.push_back(one);
  }
  return found;
}

template <class Kind>
auto KeysOf(const std::vector<const Kind*>& questions) {
  std::vector<const decltype(Kind::key)*> keys;
  keys.reserve(questions.size());
  for (const Kind* question : questions) keys.push_back(&question->key);
  return keys;
}

template <class Kind, class Answer>
void Tell(const std::vector<const Kind*>& questions, std::vector<Answer> answers) {
  for (std::size_t i = 0; i < answers.size(); ++i) questions[i]->done(std::move(answers[i]));
}

}  // namespace

std::size_t BytesOf(const Question& question) {
  const auto* report = std::get_if<ReportQuestion>(&question);
  return report == nullptr ? 0 : report->key.cluster.size() + report->key.user_id.size();
}

void Refuse(const Question& question, const Error& why) {
  std::visit([&](const auto& one) { one.done(Fail(why)); }, question);
}

void AskTogether(Pipeline& pipeline, std::span<const Question> questions) {
  const auto reports = OfKind<ReportQuestion>(questions);
  if (!reports.empty()) AskForReports(pipeline, KeysOf(reports));
  const auto lists = OfKind<ClustersQuestion>(questions);
  if (!lists.empty()) AskForClusters(pipeline, KeysOf(lists));
}

void AnswerTogether(std::vector<Rows> answers, std::span<const Question> questions) {
  const auto reports = OfKind<ReportQuestion>(questions);
  const auto lists = OfKind<ClustersQuestion>(questions);
  const Batch together;
  if (!reports.empty()) Tell(reports, TakeReports(std::move(answers.front()), KeysOf(reports)));
  if (!lists.empty()) Tell(lists, TakeClusters(std::move(answers.back()), KeysOf(lists)));
}

}  // namespace insightd::store::pg
