// Section [store] of the settings, as far as it is about Redis.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/settings.h"
#include "store/redis/redis_sink.h"

namespace insightd::store {

struct RedisSettings {
  std::string address = {};  // "host:port", "[::1]:6379"; the port may be left out
  std::int64_t database = 0;
  std::string username = {};  // empty: that of all who give none
  std::string password = {};
  std::string password_file = {};
  std::int64_t connect_ms_max = 5'000;
  std::int64_t answer_ms_max = 30'000;
  std::int64_t kept_s = 86'400;

  void AddTo(settings::Table& table);

  // Reads the password's file; kInvalid without store.redis, or for an address that is none.
  Result<RedisOptions> Options() const;
};

}  // namespace insightd::store
