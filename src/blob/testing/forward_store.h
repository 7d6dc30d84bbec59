// A store that hands every call to another one, for those that change or fail a few of them.
//
// The inner store outlives it. Thread-safe as what is derived from it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "blob/blob.h"

namespace insightd::blob::testing {

class ForwardStore : public Store {
 public:
  explicit ForwardStore(Store& inner) : inner_(inner) {}

  Result<std::unique_ptr<Writer>> Create(std::string_view key) override {
    return inner_.Create(key);
  }
  Result<std::unique_ptr<Reader>> Open(std::string_view key) override { return inner_.Open(key); }
  Result<Object> Stat(std::string_view key) override { return inner_.Stat(key); }
  Result<void> Remove(std::string_view key) override { return inner_.Remove(key); }
  Result<void> RemoveAll(std::span<const std::string> keys) override {
    return inner_.RemoveAll(keys);
  }
  Result<void> List(const std::function<bool(const Object&)>& visit) override {
    return inner_.List(visit);
  }
  std::int64_t BytesHeld() override { return inner_.BytesHeld(); }
  std::optional<Disk> FindDisk() override { return inner_.FindDisk(); }
  void RefuseNew(std::optional<Error> why) override { inner_.RefuseNew(std::move(why)); }
  Result<std::string> UrlFor(std::string_view key, seconds validity) override {
    return inner_.UrlFor(key, validity);
  }
  std::optional<std::string> KeyOf(std::string_view url) const override {
    return inner_.KeyOf(url);
  }
  Result<void> Check() override { return inner_.Check(); }
  void Close() override { inner_.Close(); }

 private:
  Store& inner_;
};

}  // namespace insightd::blob::testing
