// What an answer of S3 that is not good means: for who asked, and for who may mend it.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "blob/s3/address.h"
#include "blob/s3/transfers.h"

namespace insightd::blob::s3 {

struct Failure {
  Error error;
  // S3's own name for it: "NoSuchKey"; empty where it gave none (an answer to HEAD never does).
  std::string s3_code;
  bool may_pass = false;      // the same request may be good in a moment
  bool keys_refused = false;  // other keys may be taken
};

// `doing` is "PUT of KEY" for the message. Codes: kNotFound for an object that is not there,
// kConflict for one that is there against If-None-Match or was changed against If-Match, kTooLarge,
// kTimeout, kNoRoom for a bucket or a server that is full; all else is kUnavailable. A bare 404
// says only to HEAD, which gets no body, that the object is not there (or its bucket): elsewhere it
// is not S3 that has answered.
Failure FailureOf(const Answer& answer, std::string_view method, std::string_view doing,
                  const Address& address, Time now);

}  // namespace insightd::blob::s3
