// What results and workloads have around them, and the reading of members that may be of any type.
// For the parsers of this folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "results/result.h"

namespace insightd::results {

// Names of the envelope and of hits match whatever their case, as the original reads them; null
// where there is none.
bool SameName(std::string_view a, std::string_view b);
json::Value FindAnyCase(json::Value object, std::string_view name);

// "json: cannot unmarshal string into field OrgID of type …"
tl::unexpected<Error> WrongType(json::Value value, std::string_view field, std::string_view wanted);
// A member that may be absent or null, else is of the type. `path` stands before its name.
insightd::Result<json::Value> Typed(json::Value object, std::string_view name, json::Type type,
                                    std::string_view wanted, std::string_view path = "");

// Any message. An escape of half a surrogate pair, which is no JSON and which the original reads,
// is read as it does: as U+FFFD.
insightd::Result<json::Document> ParseMessage(std::string_view message, json::Parser& parser);

// The object as compact text with its members in ascending order; of two with one name the last.
std::string SortedText(json::Value object);

struct Envelope {
  json::Document document;
  json::Value body;               // an object
  std::string_view last_checked;  // empty: absent
};

// Reads the message as far as its member `body` ("Report", "Metrics"), whose content and
// `last_checked` are left to the caller, and fills `head` but for `last_checked`.
insightd::Result<Envelope> ReadEnvelope(std::string_view message, std::string_view body,
                                        json::Parser& parser, Head& head);

// Whether the message is taken, and its `last_checked`.
insightd::Result<void> Take(const Envelope& envelope, const Admit& admit, Head& head);

}  // namespace insightd::results
