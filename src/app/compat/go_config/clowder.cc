#include "app/compat/go_config/clowder.h"

#include <fmt/format.h>

#include "app/compat/common/clowder_json.h"
#include "app/compat/common/files.h"
#include "base/json.h"

namespace insightd::app::go {
namespace {

using compat::ItemsOf;
using compat::ObjectOf;
using compat::TextOf;

Clowder::Kafka ReadKafka(const json::Value& kafka) {
  Clowder::Kafka read;
  const std::vector<json::Value> brokers = ItemsOf(kafka, "brokers");
  for (const json::Value& broker : brokers) {
    if (!read.addresses.empty()) read.addresses += ',';
    read.addresses += TextOf(broker, "hostname");
    if (const std::string port = TextOf(broker, "port"); !port.empty()) {
      read.addresses += ':' + port;
    }
  }
  if (!brokers.empty()) {
    const json::Value& first = brokers.front();
    read.ca_certificate = TextOf(first, "cacert");
    if (const auto sasl = ObjectOf(first, "sasl"); sasl && !TextOf(first, "authtype").empty()) {
      read.sasl = Clowder::Sasl{.username = TextOf(*sasl, "username"),
                                .password = TextOf(*sasl, "password"),
                                .mechanism = TextOf(*sasl, "saslMechanism"),
                                .security_protocol = TextOf(first, "securityProtocol")};
      // Older files have it in the section.
      if (read.sasl->security_protocol.empty()) {
        read.sasl->security_protocol = TextOf(*sasl, "securityProtocol");
      }
    }
  }
  for (const json::Value& topic : ItemsOf(kafka, "topics")) {
    read.topics[TextOf(topic, "requestedName")] = TextOf(topic, "name");
  }
  return read;
}

std::optional<std::string> MemberText(const json::Value& object, std::string_view name) {
  const auto member = object.Find(name);
  if (!member || !member->is_string()) return std::nullopt;
  return std::string(member->AsString());
}

}  // namespace

Result<Clowder> ParseClowder(const std::string& file, std::string_view text) {
  json::Parser parser;
  const Result<json::Document> document = parser.Parse(text);
  if (!document) {
    return Fail(Code::kInvalid, fmt::format("{}: {}", file, document.error().message()));
  }
  const json::Value root = document->root();
  if (!root.is_object()) return Fail(Code::kInvalid, fmt::format("{}: it is no object", file));
  Clowder clowder;
  if (const auto kafka = ObjectOf(root, "kafka")) clowder.kafka = ReadKafka(*kafka);
  if (const auto database = ObjectOf(root, "database")) {
    const json::Value port = (*database)["port"];
    clowder.database = Clowder::Database{.name = TextOf(*database, "name"),
                                         .hostname = TextOf(*database, "hostname"),
                                         .port = port.is_int() ? port.AsInt() : 0,
                                         .username = TextOf(*database, "username"),
                                         .password = TextOf(*database, "password")};
  }
  if (const auto memory = ObjectOf(root, "inMemoryDb")) {
    clowder.in_memory =
        Clowder::InMemory{.endpoint = TextOf(*memory, "hostname") + ':' + TextOf(*memory, "port"),
                          .username = MemberText(*memory, "username"),
                          .password = MemberText(*memory, "password")};
  }
  return clowder;
}

Result<std::optional<Clowder>> ReadClowder(const compat::Environment& environment) {
  const std::optional<std::string> file = environment(compat::kClowderVariable);
  if (!file) return std::optional<Clowder>();
  const Result<std::string> text = compat::ReadFile(*file);
  if (!text) return Fail(Code::kInvalid, text.error().message());
  Result<Clowder> clowder = ParseClowder(*file, *text);
  if (!clowder) return Fail(std::move(clowder).error());
  return std::optional<Clowder>(*std::move(clowder));
}

}  // namespace insightd::app::go
