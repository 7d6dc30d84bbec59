// Archives in a bucket of S3, or of any server that speaks its protocol.
//
// What blob.h promises, and how it is kept here:
//
// * Whole or not at all: an object of up to `part_bytes` is one PUT, its bytes kept in memory until
//   then; a larger one is a multipart upload, which is completed by Commit and else aborted. Parts
//   that a killed process left behind are nobody's: set a lifecycle rule for them on the bucket.
// * A key is written once: `If-None-Match: *`. Create does not ask: the second of two writers is
//   told by Commit. A try whose answer was lost is told from another writer's by a mark in the
//   object's metadata, so that trying again is no conflict.
// * Never blocks who writes: one thread of the store moves all bytes. Who has more to write than
//   goes out is told so by Writer::WhenReady; above `upload_bytes_max` in all, kUnavailable.
// * A request that fails for now is tried again with growing delay up to `retry_time_max`; an
//   answer that is cut while it is read is read on where it ended.
// * kNotFound: the object is not there. Everything that an operator can mend (credentials, a
//   missing bucket, a clock that is wrong) is kUnavailable and names S3's code and our setting: it
//   is tried again, never set aside. No message holds a secret or a signed query.
// * Check tells what the last answers were and never waits; the store asks by itself.
// * BytesHeld is -1. RefuseNew is told by an object of its own, which those that write look for
//   where `refusal_look` is set; it does not hold up large objects that are under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "blob/blob.h"

namespace insightd::blob {

struct S3BlobOptions {
  std::string endpoint;  // "https://s3.example.com", "http://10.0.0.7:9000"
  std::string region = "us-east-1";
  std::string bucket;
  std::string prefix = {};   // of every key, as it stands: "insightd/"
  bool path_style = true;    // false: the bucket is part of the host's name
  std::string ca_file = {};  // PEM, instead of the system's

  // A file goes before the value and is read again when S3 refuses what it held. Where both are
  // empty: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
  std::string access_key = {};
  std::string access_key_file = {};
  std::string secret_key = {};
  std::string secret_key_file = {};
  std::string session_token = {};
  std::string session_token_file = {};

  bool if_none_match = true;  // false for a server that does not know it: keys may be overwritten
  // Of two writers of one key the later replaces what the earlier wrote, instead of kConflict.
  bool overwrite = false;
  std::string acl = {};  // a canned one, of every object: "bucket-owner-read"
  // Of every object; empty: application/octet-stream.
  std::string content_type = {};
  // For who writes objects for others: their names need not be keys as blob.h has them. They are
  // not read, listed or removed through such a store.
  bool any_name = false;
  std::size_t part_bytes = std::size_t{5} << 20;
  std::uint64_t upload_bytes_max = std::uint64_t{48} << 20;
  int connections_max = 64;
  int page_objects_max = 1'000;  // of a listing; S3 gives no more at one time
  milliseconds connect_time_max{3'000};
  // Less than 1 kB/s for so long counts as no answer.
  seconds slow_time_max{10};
  milliseconds retry_time_max{15'000};
  // How often Create looks whether new objects are refused (Store::RefuseNew), by whatever process;
  // 0: never. Takes the right to get.
  milliseconds refusal_look{0};
  // The bucket is asked but once by OpenS3Blob: its caller tries again, if anybody does.
  bool opens_at_once = false;

  const Clock* clock = &SystemClock();  // outlives the store
  Random* random = &SystemRandom();     // the same
};

// What of the options can be judged without the server, reading their files: kInvalid.
Result<void> CheckS3Options(const S3BlobOptions& options);

// Asks the bucket before it returns. kInvalid: a setting that cannot be. kUnavailable, with what
// was tried and which setting leads there: no connection, wrong credentials, no such bucket.
Result<std::unique_ptr<Store>> OpenS3Blob(S3BlobOptions options);

}  // namespace insightd::blob
