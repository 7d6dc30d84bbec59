#include "blob/s3/settings.h"

namespace insightd::blob {

void S3Settings::AddTo(settings::Table& table) {
  table.Add("blob.s3_endpoint", &endpoint, {},
            "URL of the S3 server, without bucket: `https://s3.example.com`.");
  table.Add("blob.s3_region", &region, {}, "Region that requests are signed for.");
  table.Add("blob.s3_bucket", &bucket, {}, "Bucket that archives are kept in; it has to exist.");
  table.Add(
      "blob.s3_prefix", &prefix, {},
      "What every key in the bucket begins with, such as `insightd/`. Needed where others use "
      "the bucket too: what lies below it and is known to nobody is cleaned up.");
  table.Add("blob.s3_style", &style, {.choices = {"path", "virtual"}},
            "Where the bucket stands: `path` (`https://HOST/BUCKET/KEY`) or `virtual` "
            "(`https://BUCKET.HOST/KEY`).");
  table.Add("blob.s3_ca_file", &ca_file, {},
            "CA certificates (PEM) that the server's is checked against, instead of the system's.");
  table.Add("blob.s3_access_key", &access_key, {},
            "Access key; empty, as is its file: `AWS_ACCESS_KEY_ID` of the environment.");
  table.Add("blob.s3_access_key_file", &access_key_file, {}, "File that holds the access key.");
  table.Add("blob.s3_secret_key", &secret_key, {.secret = true},
            "Secret key; empty, as is its file: `AWS_SECRET_ACCESS_KEY` of the environment.");
  table.Add("blob.s3_secret_key_file", &secret_key_file, {},
            "File that holds the secret key; read again when it changes.");
  table.Add("blob.s3_session_token", &session_token, {.secret = true},
            "Session token of temporary keys; empty, as is its file: `AWS_SESSION_TOKEN` of the "
            "environment, and none without.");
  table.Add("blob.s3_session_token_file", &session_token_file, {},
            "File that holds the session token; read again when it changes.");
  table.Add("blob.s3_if_none_match", &if_none_match, {},
            "Write with `If-None-Match: *`, so that no archive is ever overwritten. Only for a "
            "server that does not know it: `false`.");
  table.Add(
      "blob.s3_part_bytes", &part_bytes, {.min = 5 << 20, .max = 256 << 20},
      "Up to this size in bytes an archive is sent with one request, a larger one in parts of "
      "it; S3 takes no smaller parts.");
  table.Add("blob.s3_upload_bytes_max", &upload_bytes_max, {.min = 16 << 20},
            "Bytes of archives that are on their way to S3 at one time, all uploads together; an "
            "upload beyond is answered 503 and comes again. For N uploads of B bytes at once: N "
            "times B, or N times three parts where that is less.");
  table.Add("blob.s3_connections_max", &connections_max, {.min = 1, .max = 1'000},
            "Connections to S3 at one time.");
  table.Add("blob.s3_connect_ms_max", &connect_ms_max, {.min = 10},
            "How long a connection to S3 may take to come about.");
  table.Add("blob.s3_slow_s_max", &slow_s_max, {.min = 1, .max = 3'600},
            "A request that moves less than 1 kB/s for so many seconds counts as not answered.");
  table.Add("blob.s3_retry_ms_max", &retry_ms_max, {.min = 0},
            "How long a request that failed for now is tried again before its caller is told.");
}

S3BlobOptions S3Settings::Options() const {
  S3BlobOptions options;
  options.endpoint = endpoint;
  options.region = region;
  options.bucket = bucket;
  options.prefix = prefix;
  options.path_style = style != "virtual";
  options.ca_file = ca_file;
  options.access_key = access_key;
  options.access_key_file = access_key_file;
  options.secret_key = secret_key;
  options.secret_key_file = secret_key_file;
  options.session_token = session_token;
  options.session_token_file = session_token_file;
  options.if_none_match = if_none_match;
  options.overwrite = overwrite;
  options.acl = acl;
  options.part_bytes = part_bytes;
  options.upload_bytes_max = upload_bytes_max;
  options.connections_max = connections_max;
  options.connect_time_max = milliseconds(connect_ms_max);
  options.slow_time_max = seconds(slow_s_max);
  options.retry_time_max = milliseconds(retry_ms_max);
  return options;
}

}  // namespace insightd::blob
