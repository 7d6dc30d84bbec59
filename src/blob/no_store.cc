#include "blob/no_store.h"

namespace insightd::blob {
namespace {

tl::unexpected<Error> NotSet() {
  return Fail(Code::kUnavailable, "no store of archives is set: blob.s3_endpoint, blob.s3_bucket");
}

class NoStore final : public Store {
 public:
  Result<std::unique_ptr<Writer>> Create(std::string_view) override { return NotSet(); }
  Result<std::unique_ptr<Reader>> Open(std::string_view) override { return NotSet(); }
  Result<Object> Stat(std::string_view) override { return NotSet(); }
  Result<void> Remove(std::string_view) override { return NotSet(); }
  Result<void> RemoveAll(std::span<const std::string>) override { return NotSet(); }
  Result<void> List(const std::function<bool(const Object&)>&) override { return NotSet(); }
  std::int64_t BytesHeld() override { return -1; }
  Result<std::string> UrlFor(std::string_view, seconds) override { return NotSet(); }
  std::optional<std::string> KeyOf(std::string_view) const override { return std::nullopt; }
  Result<void> Check() override { return {}; }
  void Close() override {}
};

}  // namespace

std::unique_ptr<Store> MakeNoStore() { return std::make_unique<NoStore>(); }

}  // namespace insightd::blob
