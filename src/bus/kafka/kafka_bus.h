// The bus of many machines: topics on Kafka.
//
// What bus.h promises, and how it is kept here:
//
// * The producer is idempotent and waits for all replicas in sync; `delivered` is called from a
//   thread of its own. Records of one key keep their order in one partition.
// * Each consumer has a thread that serves the group all the time, however slow the work is, and
//   reads ahead into a bounded buffer. Partitions are paused while it is full.
// * Partitions may go to another member at any moment. What was read ahead of them is dropped; what
//   was committed is stored before the other one begins. A commit for a partition that has gone
//   is remembered and counts when it comes back (assignment.h).
// * Records that retention deleted before they were read are logged, counted and passed over.
// * The brokers away: everything is tried again by itself, see bus.h. Topics and brokers are asked
//   in the background, so that Check, Room and Lag answer at once. Room of the producer refuses
//   once they are away for `away_min`, until the first answer.
// * A batch that the topic is too small for is no reason to refuse its records: each goes again by
//   itself, then all others of that topic do (which those still on their way may overtake, once).
//
// A topic must not be deleted and made again while consumers run: they could not tell, if the new
// one soon has as many records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/pulse.h"
#include "base/result.h"
#include "bus/bus.h"

namespace insightd::bus {

struct KafkaSecurity {
  std::string protocol = "plaintext";  // ssl, sasl_plaintext, sasl_ssl
  std::string sasl_mechanism = {};     // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512
  std::string username = {};
  std::string password = {};
  std::string ca_file = {};  // empty: the system's
  std::string cert_file = {};
  std::string key_file = {};
  std::string key_password = {};
};

struct KafkaBusOptions {
  std::string brokers = {};  // "host:port,host:port": some of them; they tell of the others
  std::string client_id = "insightd";
  std::string group_instance = {};  // makes consumers static members of their groups
  KafkaSecurity security;

  std::vector<std::string> topics = {};  // that will be used: checked when opening
  bool create_topics = false;            // those that are missing
  std::int32_t partitions = 4;           // of topics made here

  milliseconds start_max{30'000};  // until the brokers have answered when opening
  milliseconds delivery_timeout{5'000};
  // New work is refused once no broker has answered for so long. Not sooner: the library takes 10 s
  // to give up one silent broker of several, and asks no other meanwhile.
  milliseconds away_min{15'000};
  milliseconds session_max{6'000};   // a member that is silent for so long loses its partitions
  milliseconds linger{1};            // a record waits so long for others to share a request
  std::string compression = "zstd";  // none, gzip, snappy, lz4, zstd
  std::size_t queue_bytes_max = std::size_t{32} << 20;  // handed over and without a callback
  // Of a record; headers apart, so that whatever came in fits also as a dead letter.
  std::size_t record_bytes_max = std::size_t{16} << 20;  // key and value
  std::size_t header_bytes_max = std::size_t{1} << 20;
  // Read ahead by a consumer; as much again may be on its way.
  std::size_t prefetch_bytes_max = std::size_t{8} << 20;
  // Small ones take more room than their bytes. No more than two Polls take at most.
  std::size_t prefetch_messages_max = 500;
  std::size_t poll_bytes_max = std::size_t{8} << 20;  // one Poll gives this, but one message

  // Further properties of librdkafka by name; those that this bus depends on are refused.
  std::vector<std::pair<std::string, std::string>> properties = {};
  metrics::Registry* registry = nullptr;  // nothing: events are not counted
  Pulse* pulse = nullptr;                 // nothing: nobody asks whether consumers get on
};

// Waits for a broker up to `start_max` and checks the topics. kUnavailable when none answered,
// kNotFound for a topic that is missing, kInvalid for options that cannot be.
Result<std::unique_ptr<Bus>> OpenKafkaBus(KafkaBusOptions options);

}  // namespace insightd::bus
