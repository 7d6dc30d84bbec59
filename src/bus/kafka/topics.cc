#include "bus/kafka/topics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <librdkafka/rdkafka.h>

#include <array>
#include <charconv>
#include <thread>

#include "base/log.h"
#include "bus/kafka/admin.h"
#include "bus/kafka/client.h"
#include "bus/kafka/way_out.h"

namespace insightd::bus {
namespace {

constexpr log::Logger kLog("bus");

constexpr milliseconds kAskLimit{10'000};
// A topic that was just made is not at once known everywhere.
constexpr milliseconds kMadePause{50};
constexpr std::size_t kErrorTextBytes = 512;
constexpr std::int32_t kReplicasAsTheBrokersSeeFit = -1;
// What a record brings beside key, value and headers.
constexpr std::size_t kOverheadBytes = 64 * 1024;

}  // namespace

bool KnownTopics::Contains(std::string_view topic) const {
  const std::lock_guard lock(mutex_);
  return partitions_.contains(topic);
}

void KnownTopics::Add(const std::string& topic, std::int32_t partitions) {
  const std::lock_guard lock(mutex_);
  partitions_[topic] = partitions;
}

Result<std::map<std::string, std::int32_t>> PartitionsOf(rd_kafka_s* handle,
                                                         const std::vector<std::string>& topics,
                                                         milliseconds limit) {
  std::map<std::string, std::int32_t> partitions;
  std::vector<std::string> hidden;
  for (const std::string& name : topics) {
    const Owned<rd_kafka_topic_t> topic(rd_kafka_topic_new(handle, name.c_str(), nullptr),
                                        rd_kafka_topic_destroy);
    if (!topic) {
      return Fail(ToError(rd_kafka_last_error(), fmt::format("topic {}", name)));
    }
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto error =
        rd_kafka_metadata(handle, 0, topic.get(), &metadata, static_cast<int>(limit.count()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return Fail(ToError(error, fmt::format("asking for topic {}", name)));
    }
    partitions[name] = 0;
    for (int i = 0; i < metadata->topic_cnt; ++i) {
      const rd_kafka_metadata_topic& found = metadata->topics[i];
      if (name != found.topic) continue;
      if (found.err == RD_KAFKA_RESP_ERR_NO_ERROR) partitions[name] = found.partition_cnt;
      if (found.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) hidden.push_back(name);
    }
    rd_kafka_metadata_destroy(metadata);
  }
  if (!hidden.empty()) {
    return Fail(
        Code::kUnavailable,
        fmt::format("the brokers do not let this user (bus.kafka_username, or the name in "
                    "bus.kafka_cert_file) see {}: grant it Describe, and Read or Write; they "
                    "say the same of topics that are missing",
                    fmt::join(hidden, ", ")));
  }
  return partitions;
}

Result<void> CreateTopics(rd_kafka_s* handle, const std::vector<std::string>& topics,
                          std::int32_t partitions, std::size_t message_bytes_max,
                          milliseconds limit) {
  std::vector<rd_kafka_NewTopic_t*> wanted;
  std::array<char, kErrorTextBytes> text{};
  const std::string bytes = std::to_string(message_bytes_max);
  for (const std::string& name : topics) {
    rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(
        name.c_str(), partitions, kReplicasAsTheBrokersSeeFit, text.data(), text.size());
    if (topic == nullptr) {
      rd_kafka_NewTopic_destroy_array(wanted.data(), wanted.size());
      return Fail(Code::kInvalid, fmt::format("topic {}: {}", name, text.data()));
    }
    rd_kafka_NewTopic_set_config(topic, "max.message.bytes", bytes.c_str());
    wanted.push_back(topic);
  }
  auto event =
      AskAdmin(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS, limit,
               [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                 rd_kafka_CreateTopics(handle, wanted.data(), wanted.size(), options, queue);
               });
  rd_kafka_NewTopic_destroy_array(wanted.data(), wanted.size());
  if (!event) return Fail(std::move(event).error().While("making topics"));
  std::size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    const char* why = rd_kafka_topic_result_error_string(results[i]);
    return Fail(Code::kUnavailable,
                fmt::format("topic {} cannot be made (bus.kafka_create_topics): {}; make it with "
                            "kafka-topics.sh, or grant this user Create",
                            rd_kafka_topic_result_name(results[i]),
                            why != nullptr ? why : rd_kafka_err2str(error)));
  }
  return {};
}

std::map<std::string, std::size_t> MessageBytesMaxOf(rd_kafka_s* handle,
                                                     const std::vector<std::string>& topics,
                                                     milliseconds limit) {
  std::vector<rd_kafka_ConfigResource_t*> resources;
  for (const std::string& name : topics) {
    resources.push_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
  }
  const auto event = AskAdmin(handle, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, limit,
                              [&](const rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
                                rd_kafka_DescribeConfigs(handle, resources.data(), resources.size(),
                                                         options, queue);
                              });
  rd_kafka_ConfigResource_destroy_array(resources.data(), resources.size());
  std::map<std::string, std::size_t> limits;
  if (!event) return limits;
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** answers = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConfigResource_error(answers[i]) != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    std::size_t entries = 0;
    const rd_kafka_ConfigEntry_t** entry = rd_kafka_ConfigResource_configs(answers[i], &entries);
    for (std::size_t k = 0; k < entries; ++k) {
      const char* value = rd_kafka_ConfigEntry_value(entry[k]);
      if (std::string_view(rd_kafka_ConfigEntry_name(entry[k])) != "max.message.bytes" ||
          value == nullptr) {
        continue;
      }
      const std::string_view digits(value);
      std::size_t bytes = 0;
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), bytes);
      if (error == std::errc()) limits[rd_kafka_ConfigResource_name(answers[i])] = bytes;
    }
  }
  return limits;
}

Result<void> CheckTopics(rd_kafka_s* handle, const KafkaBusOptions& options, KnownTopics& known) {
  if (options.topics.empty()) return {};
  const std::size_t bytes_needed =
      options.record_bytes_max + options.header_bytes_max + kOverheadBytes;
  auto partitions = PartitionsOf(handle, options.topics, kAskLimit);
  if (!partitions) return Fail(std::move(partitions).error());
  const auto missing = [&partitions] {
    std::vector<std::string> names;
    for (const auto& [name, count] : *partitions) {
      if (count == 0) names.push_back(name);
    }
    return names;
  };
  if (!missing().empty() && !options.create_topics) {
    return Fail(
        Code::kNotFound,
        fmt::format("topics are missing on the brokers ({}): {}. Make them (kafka-topics.sh "
                    "--create), or set bus.kafka_create_topics = true",
                    options.brokers, fmt::join(missing(), ", ")));
  }
  if (!missing().empty()) {
    const std::vector<std::string> made = missing();
    if (auto done = CreateTopics(handle, made, options.partitions, bytes_needed, kAskLimit);
        !done) {
      return done;
    }
    kLog.Info("", fmt::format("made topics with {} partitions", options.partitions),
              {{"topics", fmt::format("{}", fmt::join(made, ", "))}});
    const microseconds until = SystemClock().Steady() + kAskLimit;
    while (!missing().empty()) {
      if (SystemClock().Steady() > until) {
        return Fail(Code::kUnavailable, fmt::format("topics were made and are not there: {}",
                                                    fmt::join(missing(), ", ")));
      }
      std::this_thread::sleep_for(kMadePause);
      partitions = PartitionsOf(handle, options.topics, kAskLimit);
      if (!partitions) return Fail(std::move(partitions).error());
    }
  }
  const std::map<std::string, std::size_t> limits =
      MessageBytesMaxOf(handle, options.topics, kAskLimit);
  for (const auto& [name, count] : *partitions) {
    known.Add(name, count);
    const auto limit = limits.find(name);
    if (limit != limits.end() && limit->second < bytes_needed) {
      kLog.Warn("",
                fmt::format("topic takes messages of up to {} bytes after compression "
                            "(max.message.bytes), less than bus.record_bytes_max ({}) and room for "
                            "headers: larger ones will be refused. Raise it to {}",
                            limit->second, options.record_bytes_max, bytes_needed),
                {{"topic", name}});
    }
  }
  // Who may not write was told so meanwhile: the brokers refuse the producer as a whole.
  std::array<char, kErrorTextBytes> reason{};
  if (rd_kafka_fatal_error(handle, reason.data(), reason.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(Code::kUnavailable, WithWayOut(reason.data()));
  }
  return {};
}

}  // namespace insightd::bus
