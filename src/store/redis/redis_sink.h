// Results into Redis (or Valkey), for readers that look a result up by its request id: the output
// of a writer that has no database.
//
// For each result, in database `database`, kept for `kept`:
//   organization:<org>:cluster:<cluster>:request:<request id>            an empty string
//   organization:<org>:cluster:<cluster>:request:<request id>:reports    a hash of request_id,
//     cluster_id, org_id, received_timestamp, processed_timestamp, rule_hits
//
// * Which result is newer plays no part: each has keys of its own. Writing it again changes only
//   `processed_timestamp` and when the keys go.
// * A batch is one round trip. It is done when Redis has answered all of it; how durable that is,
//   is for its own settings to say.
// * The server away, silent, starting, full or refusing the password: kUnavailable; the next call
//   connects anew. A key that is of another kind already: kInvalid, for the batch that holds it.
// * There is no TLS: what lies between the two has to be trusted, or a tunnel.
// * Workloads have no place there; rows of consumer_error are not kept.
//
// Thread-safe: calls wait for each other.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "store/store.h"

namespace insightd::store {

struct RedisOptions {
  std::string host;
  int port = 6379;
  int database = 0;  // 0 to 15
  std::string username = {};
  std::string password = {};
  milliseconds connect_max{5'000};
  milliseconds answer_max{30'000};
  seconds kept{86'400};
  // False: a server that is away when the sink is opened is found by the first call.
  bool connects_when_opened = true;
  const Clock* clock = nullptr;  // the system's; else outlives the sink
};

class RedisSink : public Sink {
 public:
  // Whether the server answers.
  virtual Result<void> Check() = 0;
};

// Connects, unless told otherwise; fails as above.
Result<std::unique_ptr<RedisSink>> OpenRedisSink(RedisOptions options);

}  // namespace insightd::store
