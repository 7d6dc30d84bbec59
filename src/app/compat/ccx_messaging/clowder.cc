#include "app/compat/ccx_messaging/clowder.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <optional>

#include "app/compat/common/clowder_json.h"
#include "app/compat/common/files.h"
#include "base/json.h"

namespace insightd::app::ccx {
namespace {

constexpr std::string_view kTracker =
    "ccx_messaging.watchers.payload_tracker_watcher.PayloadTrackerWatcher";

using compat::ItemsOf;
using compat::ObjectOf;
using compat::TextOf;

// The properties that every client of the brokers gets.
Result<Value> BrokerProperties(const json::Value& kafka, const std::string& file,
                               const std::string& folder) {
  const std::vector<json::Value> brokers = ItemsOf(kafka, "brokers");
  if (brokers.empty()) {
    return Fail(Code::kInvalid, fmt::format("{}: kafka.brokers names no broker", file));
  }
  std::string addresses;
  for (const json::Value& broker : brokers) {
    if (!addresses.empty()) addresses += ',';
    addresses += TextOf(broker, "hostname") + ':' + TextOf(broker, "port");
  }
  Value properties;
  properties.At("bootstrap.servers") = Value::Text(addresses);
  const json::Value& first = brokers.front();
  if (const std::string certificate = TextOf(first, "cacert"); !certificate.empty()) {
    const std::string path = folder + "/kafka-ca.pem";
    if (auto written = compat::WriteSecretFile(path, certificate); !written) {
      return Fail(std::move(written).error());
    }
    properties.At("ssl.ca.location") = Value::Text(path);
  }
  const std::optional<json::Value> sasl = ObjectOf(first, "sasl");
  if (TextOf(first, "authtype") == "sasl" && sasl) {
    properties.At("sasl.mechanisms") = Value::Text(TextOf(*sasl, "saslMechanism"));
    properties.At("sasl.username") = Value::Text(TextOf(*sasl, "username"));
    properties.At("sasl.password") = Value::Text(TextOf(*sasl, "password"));
    properties.At("security.protocol") = Value::Text(TextOf(*sasl, "securityProtocol"));
  }
  return properties;
}

class Applier {
 public:
  explicit Applier(json::Value clowder) : clowder_(clowder) {}

  void RenameTopics(const json::Value& kafka) {
    for (const json::Value& topic : ItemsOf(kafka, "topics")) {
      topics_[TextOf(topic, "requestedName")] = TextOf(topic, "name");
    }
  }

  // False when the topic is not in the file.
  bool Rename(Value& arguments, std::string_view argument) {
    Value* topic = arguments.Find(argument);
    if (topic == nullptr || topic->kind != Value::Kind::kText) return true;
    const auto found = topics_.find(topic->text);
    if (found == topics_.end()) {
      notices_.push_back(fmt::format("the Clowder file has no topic {}", topic->text));
      return false;
    }
    *topic = Value::Text(found->second);
    return true;
  }

  void FillBucket(Value* part, std::string_view bucket_argument) {
    Value* arguments = part == nullptr ? nullptr : part->Find("kwargs");
    const Value* bucket = arguments == nullptr ? nullptr : arguments->Find(bucket_argument);
    const auto store = ObjectOf(clowder_, "objectStore");
    if (bucket == nullptr || !store) return;
    for (const json::Value& known : ItemsOf(*store, "buckets")) {
      if (TextOf(known, "requestedName") != bucket->text) continue;
      const json::Value tls = (*store)["tls"];
      const bool encrypted = tls.type() == json::Type::kBool && tls.AsBool();
      arguments->At("access_key") = Value::Text(TextOf(known, "accessKey"));
      arguments->At("secret_key") = Value::Text(TextOf(known, "secretKey"));
      arguments->At("endpoint") =
          Value::Text(fmt::format("{}://{}:{}", encrypted ? "https" : "http",
                                  TextOf(*store, "hostname"), TextOf(*store, "port")));
      return;
    }
  }

  std::vector<std::string> TakeNotices() { return std::move(notices_); }

 private:
  const json::Value clowder_;
  std::map<std::string, std::string, std::less<>> topics_;
  std::vector<std::string> notices_;
};

}  // namespace

bool ClowderAskedFor(const Environment& environment) {
  constexpr std::array<std::string_view, 4> kYes = {"True", "true", "1", "yes"};
  const std::optional<std::string> enabled = environment("CLOWDER_ENABLED");
  if (!enabled || !environment(compat::kClowderVariable)) return false;
  for (const std::string_view yes : kYes) {
    if (*enabled == yes) return true;
  }
  return false;
}

Result<std::vector<std::string>> ApplyClowder(Value& configuration, const std::string& file,
                                              std::string_view text, const std::string& folder) {
  json::Parser parser;
  const Result<json::Document> document = parser.Parse(text);
  if (!document) {
    return Fail(Code::kInvalid, fmt::format("{}: {}", file, document.error().message()));
  }
  const json::Value clowder = document->root();
  const std::optional<json::Value> kafka = ObjectOf(clowder, "kafka");
  if (!kafka) return Fail(Code::kInvalid, fmt::format("{}: it has no object `kafka`", file));
  const Result<Value> properties = BrokerProperties(*kafka, file, folder);
  if (!properties) return Fail(properties.error());

  Applier applier(clowder);
  applier.RenameTopics(*kafka);
  Value& service = configuration.At("service");
  Value* consumer = service.Find("consumer");
  if (consumer != nullptr) {
    Value& arguments = consumer->At("kwargs");
    arguments.At("kafka_broker_config") = *properties;
    applier.Rename(arguments, "incoming_topic");
    applier.Rename(arguments, "dead_letter_queue_topic");
  }
  Value* publisher = service.Find("publisher");
  if (Value* arguments = publisher == nullptr ? nullptr : publisher->Find("kwargs")) {
    arguments->At("kafka_broker_config") = *properties;
    applier.Rename(*arguments, "outgoing_topic");
  }
  Value* watchers = service.Find("watchers");
  if (watchers == nullptr) {
    return Fail(Code::kInvalid, "the configuration has no service.watchers, which Clowder needs");
  }
  for (Value& watcher : watchers->items) {
    const Value* name = watcher.Find("name");
    if (name == nullptr || name->text != kTracker) continue;
    Value& arguments = watcher.At("kwargs");
    arguments.At("kafka_broker_config") = *properties;
    if (!applier.Rename(arguments, "topic")) arguments.Erase("topic");
  }
  applier.FillBucket(service.Find("engine"), "dest_bucket");
  applier.FillBucket(service.Find("downloader"), "bucket");
  return applier.TakeNotices();
}

}  // namespace insightd::app::ccx
