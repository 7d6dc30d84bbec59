// The announcement: the message that says "an archive has come", from ingress to pipeline.
//
// Ours is printed as the hosted upload service prints it; what is parsed may come from there too,
// so every field is foreign until Parse has looked at it. Data only: no input or output, thread
// safe because nothing is shared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace insightd::announce {

inline constexpr std::string_view kTopic = "platform.upload.announce";
// The one header of the record: the service of the upload's content type ("openshift").
inline constexpr std::string_view kServiceHeader = "service";
// How `url` names an archive that the embedded store holds: `blob:KEY`.
inline constexpr std::string_view kBlobScheme = "blob:";

// Who uploaded. Of a certificate the cluster is proven; of a user agent it is only said.
enum class ClusterProof : std::uint8_t { kNone, kUserAgent, kCertificate };

struct Identity {
  std::uint32_t org_id = 0;
  std::string cluster;  // `system.cluster_id`; empty: none
  ClusterProof proof = ClusterProof::kNone;
  std::string account = {};                    // `account_number` as it came; empty: none
  std::optional<std::int64_t> account_number;  // only if it is a whole number
};

// `text` is the value of an `x-rh-identity` header. Fails with kInvalid and names the field; a
// member that is there with a wrong type is refused, `null` too. An identity that carries the
// organisation in `identity.org_id` alone is good.
Result<Identity> ParseIdentity(std::string_view base64);

// The identity that we make for an upload that came without one, in base64. `cluster` may be
// empty. kCertificate is told by `auth_type` `cert-auth` and `system.cert_type` `system`,
// kUserAgent by `auth_type` `uhc-auth`; ParseIdentity tells them apart by `auth_type` alone.
std::string PrintIdentity(std::uint32_t org_id, std::string_view cluster, ClusterProof proof);

struct Announcement {
  std::string url;  // never to be logged: it may be signed
  std::string b64_identity;
  std::string timestamp;   // as it came, see LastChecked
  std::string request_id;  // empty: none
  std::string account;
  std::string principal;
  std::string org_id;
  std::string category;
  std::string content_type;
  std::string service;
  std::int64_t size_bytes = 0;
  std::string metadata = "{}";  // a JSON object
  std::string cluster_name;     // the message's own; not printed when empty

  // Derived by Parse; not read by Print.
  Identity identity;
  Time uploaded{};
  std::string gathering_time;  // `metadata.custom_metadata.gathering_time`, unchecked; empty: none

  // The message's, else the identity's; empty: only the archive can tell.
  const std::string& cluster() const {
    return cluster_name.empty() ? identity.cluster : cluster_name;
  }
  // The key of the embedded store, or nothing when `url` is another one.
  std::optional<std::string_view> blob_key() const;
  // `timestamp` for the result: as it came if it is RFC 3339, else `uploaded` in that form.
  std::string LastChecked() const;
};

// Fails with kInvalid and a message that names the field. Takes whatever the hosted pipeline takes
// (unknown members, a byte order mark, any of its forms of time) and more where that one ends its
// process. `request_id` that is no text counts as its JSON text.
Result<Announcement> Parse(std::string_view message, json::Parser& parser);
// What can be told of a message that does not parse: for logs and dead letters. Never fails.
struct Traces {
  std::string request_id;
  std::string org_id;
  std::string cluster;
};
Traces TracesOf(std::string_view message, json::Parser& parser);

// One line without an end of line, members in the order of the hosted upload service.
std::string Print(const Announcement& announcement);

// The `metadata` that goes with an upload: what the client sent (ignored unless it is a JSON
// object), `reporter` and `stale_timestamp` (30 days ahead) set by us.
std::string MetadataFor(std::string_view client_metadata, Time now, json::Parser& parser);

// A time as Python's datetime.fromisoformat takes it (3.11): RFC 3339, a blank for the `T`, basic
// form, week dates, offsets with or without colon, no offset (then UTC); converted to UTC.
std::optional<Time> ParseIsoTime(std::string_view text);

}  // namespace insightd::announce
