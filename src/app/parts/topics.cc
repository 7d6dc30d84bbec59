#include "app/parts/topics.h"

#include <fmt/format.h>

#include <initializer_list>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "app/roles.h"

namespace insightd::app {
namespace {

class Topics {
 public:
  // An empty name stands for a message that is not sent.
  void Write(std::string_view setting, const std::string& topic) { (void)Use(setting, topic); }
  void Read(std::string_view setting, const std::string& topic, const std::string& group) {
    if (Names* names = Use(setting, topic)) names->groups.insert(group);
  }
  std::vector<TopicUse> Take() {
    std::vector<TopicUse> uses;
    for (auto& [name, names] : topics_) {
      uses.push_back({name,
                      {names.groups.begin(), names.groups.end()},
                      {names.settings.begin(), names.settings.end()}});
    }
    return uses;
  }

 private:
  struct Names {
    std::set<std::string> groups;
    std::set<std::string> settings;
  };
  Names* Use(std::string_view setting, const std::string& topic) {
    if (topic.empty()) return nullptr;
    Names& names = topics_[topic];
    names.settings.emplace(setting);
    return &names;
  }

  std::map<std::string, Names> topics_;
};

void AddPipeline(const pipeline::Settings& settings, Topics& topics) {
  topics.Read("pipeline.announce_topic", settings.announce_topic, settings.group);
  topics.Write("pipeline.results_topic", settings.results_topic);
  topics.Write("pipeline.dead_letter_topic", settings.dead_letter_topic);
  topics.Write("pipeline.workloads_topic", settings.workloads_topic);
  topics.Write("pipeline.workload_info_topic", settings.workload_info_topic);
  topics.Write("pipeline.payload_tracker_topic", settings.payload_tracker_topic);
}

// `all`: there is no other process that stores the results.
void AddWriter(const writer::Settings& settings, bool all, Topics& topics) {
  if (all || settings.StoresResults()) {
    topics.Read("writer.results_topic", settings.results_topic, settings.group);
    topics.Write("writer.dead_letter_topic", settings.dead_letter_topic);
  }
  if (settings.StoresWorkloads()) {
    topics.Read("writer.workloads_topic", settings.workloads_topic, settings.workloads_group);
    topics.Write("writer.workloads_dead_letter_topic", settings.workloads_dead_letter_topic);
  }
  topics.Write("writer.payload_tracker_topic", settings.payload_tracker_topic);
}

struct Named {
  std::string_view setting;
  const std::string& topic;
};

Result<void> CheckLoop(const Named& read, std::initializer_list<Named> written) {
  for (const Named& other : written) {
    if (read.topic.empty() || other.topic != read.topic) continue;
    return Fail(Code::kInvalid,
                fmt::format("{} and {} are both \"{}\": what is written there would be read as "
                            "what it is not; give each a topic of its own",
                            read.setting, other.setting, read.topic));
  }
  return {};
}

}  // namespace

Result<void> CheckTopics(const Settings& settings) {
  const pipeline::Settings& pipeline = settings.pipeline;
  const writer::Settings& writer = settings.writer;
  const Named results{"writer.results_topic", writer.results_topic};
  const Named workloads{"writer.workloads_topic", writer.workloads_topic};
  for (const Named& needed : {Named{"ingress.announce_topic", settings.ingress.announce_topic},
                              Named{"pipeline.announce_topic", pipeline.announce_topic}}) {
    if (needed.topic.empty()) {
      return Fail(
          Code::kInvalid,
          fmt::format("{} is empty: it names the topic that tells of archives", needed.setting));
    }
  }
  const Named tracker{"writer.payload_tracker_topic", writer.payload_tracker_topic};
  if (auto good = CheckLoop({"pipeline.announce_topic", pipeline.announce_topic},
                            {{"pipeline.results_topic", pipeline.results_topic},
                             {"pipeline.workloads_topic", pipeline.workloads_topic},
                             {"pipeline.workload_info_topic", pipeline.workload_info_topic},
                             {"pipeline.dead_letter_topic", pipeline.dead_letter_topic},
                             {"pipeline.payload_tracker_topic", pipeline.payload_tracker_topic}});
      !good) {
    return good;
  }
  if (writer.StoresResults()) {
    const Named letters{"writer.dead_letter_topic", writer.dead_letter_topic};
    if (auto good = CheckLoop(results, {letters, tracker}); !good) return good;
  }
  if (!writer.StoresWorkloads()) return {};
  if (auto good = CheckLoop(
          workloads,
          {{"writer.workloads_dead_letter_topic", writer.workloads_dead_letter_topic}, tracker});
      !good) {
    return good;
  }
  return writer.StoresResults() ? CheckLoop(workloads, {results}) : Result<void>();
}

std::string SharedTopic(const Settings& settings, std::string_view role) {
  for (TopicUse& use : TopicsOf(settings, role)) {
    if (use.groups == std::vector{settings.pipeline.group}) return std::move(use.name);
  }
  return {};
}

std::string NamedBy(const std::vector<TopicUse>& uses, std::string_view text) {
  std::vector<std::string> names;
  for (const TopicUse& use : uses) {
    if (text.find(use.name) == std::string_view::npos) continue;
    names.push_back(fmt::format("{} is named by {}", use.name, fmt::join(use.settings, ", ")));
  }
  return names.empty() ? "" : fmt::format(" ({})", fmt::join(names, "; "));
}

std::vector<TopicUse> TopicsOf(const Settings& settings, std::string_view role) {
  Topics topics;
  const bool all = role == "all";
  if (all || role == "ingress")
    topics.Write("ingress.announce_topic", settings.ingress.announce_topic);
  if (all || role == "pipeline" || role == kArchiveCopies || role == kCopiesJudged ||
      role == kReportCopies) {
    AddPipeline(settings.pipeline, topics);
  }
  // Without upkeep beside it, dead letters stay where they are.
  if (role == kWriterIntoRedis || role == kAggregatorWriterIntoRedis) {
    AddWriter(settings.writer, /*all=*/false, topics);
  }
  if (all || role == "writer" || role == kAggregatorWriter || role == kAggregatorWriterOfNothing) {
    AddWriter(settings.writer, all, topics);
    for (const std::string& letters : settings.upkeep.dead_letter_topics) {
      topics.Read("upkeep.dead_letter_topics", letters, settings.upkeep.group);
    }
  }
  if (role == kDeadLetters) {
    topics.Write("pipeline.announce_topic", settings.pipeline.announce_topic);
    if (settings.writer.StoresResults()) {
      topics.Write("writer.results_topic", settings.writer.results_topic);
    }
    if (settings.writer.StoresWorkloads()) {
      topics.Write("writer.workloads_topic", settings.writer.workloads_topic);
    }
  }
  return topics.Take();
}

}  // namespace insightd::app
