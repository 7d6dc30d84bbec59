#include "store/redis/redis_sink.h"

#include <fmt/format.h>
#include <hiredis.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "store/decide.h"

namespace insightd::store {
namespace {

constexpr std::string_view kNoTime = "0001-01-01T00:00:00Z";

timeval AsTimeval(milliseconds duration) {
  return {.tv_sec = duration.count() / 1000, .tv_usec = duration.count() % 1000 * 1000};
}

// The fraction without zeros at its end, as readers of these keys know times.
std::string TimeText(Time time) {
  std::string text = FormatTime(time);
  text.pop_back();
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  text.push_back('Z');
  return text;
}

std::string RuleHits(const ClusterResult& result) {
  std::string text;
  for (const Hit& hit : result.hits) {
    if (!text.empty()) text.push_back(',');
    text.append(RuleOf(hit.component)).append("|").append(hit.key);
  }
  return text;
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string_view TextOf(const Reply& reply) { return {reply->str, reply->len}; }

// What Redis refuses because of what lies under one key; all else passes, or is for its operator.
Code CodeFor(std::string_view error) {
  return error.starts_with("WRONGTYPE") ? Code::kInvalid : Code::kUnavailable;
}

std::string_view HintFor(std::string_view error) {
  if (error.starts_with("NOAUTH") || error.starts_with("WRONGPASS") ||
      error.find("password") != std::string_view::npos) {
    return " (store.redis_username, store.redis_password)";
  }
  if (error.starts_with("NOPERM")) return " (rights of store.redis_username)";
  if (error.find("DB index") != std::string_view::npos) return " (store.redis_database)";
  if (error.starts_with("OOM")) return " (maxmemory of the server, store.redis_kept_s)";
  return "";
}

// One connection: commands go out together, then their answers are read. Broken by every failure
// but an answer that is an error.
class Connection {
 public:
  static Result<Connection> Open(const RedisOptions& options) {
    redisContext* context =
        redisConnectWithTimeout(options.host.c_str(), options.port, AsTimeval(options.connect_max));
    if (context == nullptr) return Fail(Code::kUnavailable, "no memory for a connection to Redis");
    Connection connection(context, options);
    if (context->err != 0) return Fail(connection.Broken());
    // Without them a server that vanished is found when the next answer is late: that is enough.
    (void)redisSetTimeout(context, AsTimeval(options.answer_max));
    (void)redisEnableKeepAlive(context);
    if (auto ready = connection.Prepare(options); !ready) return Fail(std::move(ready).error());
    return connection;
  }

  void Add(std::span<const std::string_view> words) {
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    texts.reserve(words.size());
    sizes.reserve(words.size());
    for (const std::string_view word : words) {
      texts.push_back(word.data());
      sizes.push_back(word.size());
    }
    // It fails for want of memory alone, and then the context says so to who reads.
    (void)redisAppendCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(),
                                 sizes.data());
    ++unanswered_;
  }

  // Reads all answers; the first that is an error fails the call.
  Result<void> Run() {
    std::optional<Error> failed;
    while (unanswered_ > 0) {
      void* answer = nullptr;
      if (redisGetReply(context_.get(), &answer) != REDIS_OK) return Fail(Broken());
      --unanswered_;
      const Reply reply(static_cast<redisReply*>(answer));
      if (reply == nullptr || reply->type != REDIS_REPLY_ERROR || failed) continue;
      const std::string_view text = TextOf(reply);
      failed = Error(CodeFor(text), fmt::format("{}: {}{}", name_, text, HintFor(text)));
    }
    if (failed) return Fail(*std::move(failed));
    return {};
  }

 private:
  struct Finish {
    void operator()(redisContext* context) const { redisFree(context); }
  };

  Connection(redisContext* context, const RedisOptions& options)
      : context_(context),
        name_(fmt::format("Redis at {}:{}, database {}", options.host, options.port,
                          options.database)) {}

  Result<void> Prepare(const RedisOptions& options) {
    if (!options.username.empty()) {
      Add(std::array<std::string_view, 3>{"AUTH", options.username, options.password});
    } else if (!options.password.empty()) {
      Add(std::array<std::string_view, 2>{"AUTH", options.password});
    }
    const std::string database = std::to_string(options.database);
    Add(std::array<std::string_view, 2>{"SELECT", database});
    return Run();
  }

  Error Broken() const {
    const bool late = context_->err == REDIS_ERR_IO && errno == EAGAIN;
    return Error(Code::kUnavailable,
                 fmt::format("{}: {}", name_,
                             late ? "no answer in time (store.redis_answer_ms_max)"
                                  : std::string_view(context_->errstr)));
  }

  std::unique_ptr<redisContext, Finish> context_;
  std::string name_;
  std::size_t unanswered_ = 0;
};

class RedisSinkOf final : public RedisSink {
 public:
  explicit RedisSinkOf(RedisOptions options)
      : options_(std::move(options)),
        clock_(options_.clock != nullptr ? *options_.clock : SystemClock()),
        kept_text_(std::to_string(options_.kept.count())) {
    std::signal(SIGPIPE, SIG_IGN);  // a server that is gone is an error of the call
  }

  Result<std::vector<PutOutcome>> Put(std::span<const ClusterResult> results) override {
    for (const ClusterResult& result : results) {
      if (auto good = CheckResult(result); !good) return Fail(std::move(good).error());
    }
    std::vector<PutOutcome> outcomes;
    outcomes.reserve(results.size());
    const std::string now = TimeText(clock_.Now());
    auto done = Do([&](Connection& connection) {
      outcomes.clear();
      for (const ClusterResult& result : results) {
        outcomes.push_back(result.empty ? PutOutcome::kEmpty : PutOutcome::kStored);
        if (!result.empty) Add(connection, result, now);
      }
    });
    if (!done) return Fail(std::move(done).error());
    return outcomes;
  }

  Result<std::vector<PutOutcome>> PutWorkloads(
      std::span<const ClusterWorkloads> /*workloads*/) override {
    return Fail(Code::kInvalid,
                "Redis takes no workloads: set writer.messages to `results` where writer.output "
                "is `redis`");
  }

  Result<void> PutConsumerErrors(std::span<const ConsumerError> /*errors*/) override { return {}; }

  Result<void> Check() override {
    return Do(
        [](Connection& connection) { connection.Add(std::array<std::string_view, 1>{"PING"}); });
  }

 private:
  void Add(Connection& connection, const ClusterResult& result, std::string_view now) const {
    const std::string org_id = std::to_string(result.org_id);
    const std::string key = fmt::format("organization:{}:cluster:{}:request:{}", org_id,
                                        result.cluster, result.request_id);
    const std::string reports = key + ":reports";
    const std::string received =
        result.gathered ? TimeText(*result.gathered) : std::string(kNoTime);
    const std::string hits = RuleHits(result);
    connection.Add(std::array<std::string_view, 5>{"SET", key, "", "EX", kept_text_});
    connection.Add(std::array<std::string_view, 14>{
        "HSET", reports, "request_id", result.request_id, "cluster_id", result.cluster, "org_id",
        org_id, "received_timestamp", received, "processed_timestamp", now, "rule_hits", hits});
    connection.Add(std::array<std::string_view, 3>{"EXPIRE", reports, kept_text_});
  }

  // Sends what `add` adds and awaits all of it. On a connection that broke while nobody used it
  // once more, on a new one: that changes nothing about what was written.
  template <class Adding>
  Result<void> Do(const Adding& add) {
    const std::lock_guard lock(mutex_);
    const bool was_open = connection_.has_value();
    Result<void> done = DoOnce(add);
    if (!done && was_open && !connection_) done = DoOnce(add);
    return done;
  }

  template <class Adding>
  Result<void> DoOnce(const Adding& add) {
    if (!connection_) {
      Result<Connection> opened = Connection::Open(options_);
      if (!opened) return Fail(std::move(opened).error());
      connection_.emplace(*std::move(opened));
    }
    add(*connection_);
    Result<void> done = connection_->Run();
    // An error that was the answer leaves the connection good, unless the server is in a state
    // that another connection may not share.
    if (!done && done.error().code() != Code::kInvalid) connection_.reset();
    return done;
  }

  const RedisOptions options_;
  const Clock& clock_;
  const std::string kept_text_;
  std::mutex mutex_;
  std::optional<Connection> connection_;
};

}  // namespace

Result<std::unique_ptr<RedisSink>> OpenRedisSink(RedisOptions options) {
  const bool connects = options.connects_when_opened;
  auto sink = std::make_unique<RedisSinkOf>(std::move(options));
  if (!connects) return sink;
  if (auto good = sink->Check(); !good) return Fail(std::move(good).error());
  return sink;
}

}  // namespace insightd::store
